import { redisRecordStore } from '../../src/idempotency/redis-record-store.ts';
import { createStore, type OpenedStore } from '../support/redis/create-store.ts';
import { startCluster, type RedisCluster } from '../support/redis/redis-cluster.ts';
import { standalone } from '../support/redis/standalone.ts';
import { describeIdempotency } from './idempotency.ts';
import type { OpenedRecordStores } from '../support/idempotency.ts';
import { describeRecordStore } from './record-store.ts';
import { describeUnknownOutcomes } from './unknown-outcomes.ts';

const TTL_MS = 86_400_000;
const storeOf = ({ redis }: OpenedStore) => redisRecordStore(redis, { ttlMs: TTL_MS });

function openOn(
  processes: readonly OpenedStore[],
  cli: (key: string, ...args: string[]) => Promise<unknown>,
): OpenedRecordStores {
  const [one, other] = processes;
  return {
    stores: [storeOf(one!), storeOf(other!)],
    endLease: async (key) => void (await cli(key, 'hset', key, 'until', '1')),
  };
}

describe('standalone', () => {
  const redis = standalone(2);
  const open = async () => openOn(redis.processes, (_key, ...args) => redis.server.cli(...args));
  describeRecordStore('Redis', open);
  describeIdempotency('Redis', open);
  describeUnknownOutcomes('Redis', open);

  test('sets an expiry on every record', async () => {
    const keys = (await redis.server.cli('keys', '*')).split('\n');
    expect(keys.length).toBeGreaterThan(30);
    for (const key of keys) {
      const ttlMs = Number(await redis.server.cli('pttl', key));
      expect(ttlMs).toBeGreaterThan(0);
      expect(ttlMs).toBeLessThanOrEqual(TTL_MS + 20_000);
    }
  });
});

describe('cluster', () => {
  let cluster: RedisCluster;
  let processes: OpenedStore[];
  beforeAll(async () => {
    cluster = await startCluster();
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const settings = { mode: 'cluster', nodes } as const;
    processes = await Promise.all([createStore(settings), createStore(settings)]);
  });
  afterAll(async () => {
    for (const opened of processes) opened.close();
    await cluster.stop();
  });
  const open = async () =>
    openOn(processes, async (key, ...args) => (await cluster.masterOf(key)).cli(...args));
  describeRecordStore('Redis Cluster', open);
  describeIdempotency('Redis Cluster', open);
  describeUnknownOutcomes('Redis Cluster', open);
});
