import { memoryValueCache, redisValueCache, type ValueCache } from '../../src/cache/value-cache.ts';
import { plainCodec } from '../../src/cache/stored-entry.ts';
import { openStore, type OpenedStore } from '../support/redis/open-store.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';

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

test.each<[string, () => ValueCache]>([
  ['memory', () => memoryValueCache(() => performance.now())],
  ['Redis', () => redisValueCache(opened.redis, plainCodec)],
])('%s: returns a text until its time to live has passed', async (_name, open) => {
  const cache = open();
  expect(await cache.get('zbff:{org}:absent')).toBeUndefined();
  await cache.set('zbff:{org}:kept', 'Ünïcode ✓ \0', 60_000);
  await cache.set('zbff:{org}:off', 'x', 0);
  await cache.set('zbff:{org}:short', 'x', 1);
  expect(await cache.get('zbff:{org}:kept')).toBe('Ünïcode ✓ \0');
  expect(await cache.get('zbff:{org}:off')).toBeUndefined();
  while ((await cache.get('zbff:{org}:short')) !== undefined) await new Promise(setImmediate);
});

test('memory is bounded', async () => {
  const cache = memoryValueCache(() => 0);
  for (let i = 0; i < 20; i++) await cache.set(String(i), 'x'.repeat(1024 * 1024), 1000);
  const kept = await Promise.all(Array.from({ length: 20 }, (_, i) => cache.get(String(i))));
  expect(kept.filter((value) => value !== undefined)).toHaveLength(7);
});

test('a Redis that fails reads as empty, and a value that another process has damaged too', async () => {
  const failing = redisValueCache({ call: () => Promise.reject(new Error('down')) }, plainCodec);
  await failing.set('key', 'x', 1000);
  expect(await failing.get('key')).toBeUndefined();
  await server.cli('set', 'zbff:{org}:damaged', 'damaged');
  expect(await redisValueCache(opened.redis, plainCodec).get('zbff:{org}:damaged')).toBeUndefined();
});
