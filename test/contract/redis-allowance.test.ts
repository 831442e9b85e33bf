import { redisAllowance } from '../../src/limits/redis-allowance.ts';
import { openStore, type OpenedStore } from '../support/redis/open-store.ts';
import { startCluster, type RedisCluster } from '../support/redis/redis-cluster.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { describeAllowance } from './allowance.ts';

const open = ({ link }: OpenedStore) =>
  redisAllowance({ link, onFailure: 'closed', now: () => performance.now() });

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
