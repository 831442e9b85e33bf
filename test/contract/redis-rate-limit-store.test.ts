import { redisRateLimitStore } from '../../src/rate-limit/redis-rate-limit-store.ts';
import { createStore, type OpenedStore } from '../support/redis/create-store.ts';
import { startCluster, type RedisCluster } from '../support/redis/redis-cluster.ts';
import { standalone } from '../support/redis/standalone.ts';
import { describeRateLimitStore } from './rate-limit-store.ts';

const open = ({ redis }: OpenedStore) =>
  redisRateLimitStore({ redis, onFailure: 'closed', now: () => performance.now() });

describe('standalone', () => {
  const redis = standalone(1);
  const opened = () => redis.processes[0]!;
  describeRateLimitStore('Redis', () => open(opened()));

  test('bounds a window when the clock of Redis was set back', async () => {
    const [store, key] = [open(opened()), `zbff:limit:{${crypto.randomUUID()}}`];
    const tier = { name: 'test', limit: 1, windowMs: 60_000 };
    await store.consume(key, 1, tier);
    // A server clock set back by an hour adds an hour to every time to live.
    await redis.server.cli('pexpire', key, '3660000');
    const { allowed, resetMs } = await open(opened()).consume(key, 1, tier);
    expect(allowed).toBe(false);
    expect(resetMs).toBeLessThanOrEqual(60_000);
    expect(Number(await redis.server.cli('pttl', key))).toBeLessThanOrEqual(60_000);
  });

  test('sets an expiry on every counter', async () => {
    const keys = (await redis.server.cli('keys', '*')).split('\n');
    expect(keys.length).toBeGreaterThan(3);
    // -1 is a key without an expiry; -2 is a key that has expired.
    for (const key of keys) expect(await redis.server.cli('pttl', key)).not.toBe('-1');
  });
});

describe('cluster', () => {
  let cluster: RedisCluster;
  let opened: OpenedStore;
  beforeAll(async () => {
    cluster = await startCluster();
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    opened = await createStore({ mode: 'cluster', nodes });
  });
  afterAll(async () => {
    opened.close();
    await cluster.stop();
  });
  describeRateLimitStore('Redis Cluster', () => open(opened));
});
