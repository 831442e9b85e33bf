import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type RedisCluster } from '../support/redis/redis-cluster.ts';
import { startSentinels, type RedisSentinels } from '../support/redis/redis-sentinel.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { createStore, type OpenedStore } from '../support/redis/create-store.ts';
import { ORG, OWNER } from '../support/sandbox-servers.ts';
import { FENCE_MS } from './fence.ts';
import { describePartStore } from './part-store.ts';

const now = () => performance.now();
const FENCES = { fenceMs: FENCE_MS, uncertainMs: FENCE_MS / 2 };

describe('standalone', () => {
  let server: RedisServer;
  let opened: OpenedStore;
  beforeAll(async () => {
    server = await startRedis();
    const nodes = [{ host: '127.0.0.1', port: server.port }];
    opened = await createStore({ mode: 'standalone', nodes }, FENCES);
  });
  afterAll(async () => {
    opened.close();
    await server.stop();
  });
  describePartStore('Redis', async () => ({ store: opened.store, wait: sleep, now }));

  test('sets an expiry on every key', async () => {
    const keys = (await server.cli('keys', '*')).split('\n');
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) expect(Number(await server.cli('pttl', key))).toBeGreaterThan(0);
  });
});

describe('sentinel', () => {
  let sentinels: RedisSentinels;
  let opened: OpenedStore;
  beforeAll(async () => {
    sentinels = await startSentinels();
    const nodes = sentinels.addresses.split(',').map((address) => {
      const [host = '', port] = address.split(':');
      return { host, port: Number(port) };
    });
    opened = await createStore({ mode: 'sentinel', nodes, sentinelName: sentinels.name }, FENCES);
  });
  afterAll(async () => {
    opened?.close();
    await sentinels?.stop();
  });
  describePartStore('Redis with Sentinels', async () => ({ store: opened.store, wait: sleep, now }));
});

describe('cluster', () => {
  let cluster: RedisCluster;
  let opened: OpenedStore;
  beforeAll(async () => {
    cluster = await startCluster();
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    opened = await createStore({ mode: 'cluster', nodes }, FENCES);
  });
  afterAll(async () => {
    opened.close();
    await cluster.stop();
  });
  describePartStore('Redis Cluster', async () => ({ store: opened.store, wait: sleep, now }));

  test('distributes keys over all masters', async () => {
    const contacts = Array.from({ length: 64 }, () => ({ org: ORG, member: OWNER, contact: randomUUID() }));
    await Promise.all(contacts.map(async (ref) => opened.store.claim(ref, [], [])));
    const masters = [];
    for (const node of cluster.nodes) {
      const role = await node.cli('role');
      if (role.startsWith('master')) masters.push(Number(await node.cli('dbsize')));
    }
    expect(masters).toHaveLength(3);
    for (const size of masters) expect(size).toBeGreaterThan(0);
  });
});
