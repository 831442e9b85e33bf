import { redisRateLimitStore } from '../../src/rate-limit/redis-rate-limit-store.ts';
import { openStore, type OpenedStore } from '../support/redis/open-store.ts';
import { startCluster, type RedisCluster } from '../support/redis/redis-cluster.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { describeAllowance } from './rate-limit-store.ts';

const open = ({ link }: OpenedStore) =>
  redisRateLimitStore({ link, onFailure: 'closed', now: () => performance.now() });

describe('standalone', () => {
  let server: RedisServer;
  let opened: OpenedStore;
  beforeAll(async () => {
    server = await startRedis();
    opened = await openStore({ mode: 'standalone', nodes: [{ host: '127.0.0.1', port: server.port }] });
  });
  afterAll(async () => {
    opened.close();
    await server.stop();
  });
  describeAllowance('Redis', () => open(opened));

  test('a window lasts no longer than it may when the clock of Redis was set back', async () => {
    const [allowance, key] = [open(opened), `zbff:limit:{${crypto.randomUUID()}}`];
    const tier = { name: 'test', limit: 1, windowMs: 60_000 };
    await allowance.consume(key, 1, tier);
    // A clock that is set back by an hour adds an hour to every time to live.
    await server.cli('pexpire', key, '3660000');
    const { allowed, resetMs } = await open(opened).consume(key, 1, tier);
    expect(allowed).toBe(false);
    expect(resetMs).toBeLessThanOrEqual(60_000);
    expect(Number(await server.cli('pttl', key))).toBeLessThanOrEqual(60_000);
  });

  test('every count expires', async () => {
    const keys = (await server.cli('keys', '*')).split('\n');
    expect(keys.length).toBeGreaterThan(3);
    // -1 would be a key that stays; -2 is one that has gone by now.
    for (const key of keys) expect(await server.cli('pttl', key)).not.toBe('-1');
  });
});

describe('cluster', () => {
  let cluster: RedisCluster;
  let opened: OpenedStore;
  beforeAll(async () => {
    cluster = await startCluster();
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    opened = await openStore({ mode: 'cluster', nodes });
  });
  afterAll(async () => {
    opened.close();
    await cluster.stop();
  });
  describeAllowance('Redis Cluster', () => open(opened));
});
