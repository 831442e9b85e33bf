import { memoryValueCache, redisValueCache, type ValueCache } from '../../src/cache/value-cache.ts';
import { plainCodec } from '../../src/cache/stored-entry.ts';
import { standalone } from '../support/redis/standalone.ts';
import { UNSTAMPED } from '../support/stamped.ts';

const redis = standalone(1);
const firstRedis = () => redis.processes[0]!.redis;

test.each<[string, () => ValueCache]>([
  ['memory', () => memoryValueCache(() => performance.now())],
  ['Redis', () => redisValueCache(firstRedis(), plainCodec)],
])('%s: returns a value until its time to live has passed', async (_name, open) => {
  const cache = open();
  expect(await cache.get('zbff:{org}:absent')).toBeUndefined();
  const value = ['Ünïcode ✓ \0', { id: null, at: 1.5 }];
  await cache.set('zbff:{org}:kept', value, 60_000);
  await cache.set('zbff:{org}:off', 'x', 0);
  await cache.set('zbff:{org}:short', 'x', 1);
  expect(await cache.get('zbff:{org}:kept')).toEqual(value);
  expect(await cache.get('zbff:{org}:off')).toBeUndefined();
  while ((await cache.get('zbff:{org}:short')) !== undefined) await new Promise(setImmediate);
});

const DAMAGED = 'zbff:{org}:damaged';

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
  const cache = redisValueCache(firstRedis(), plainCodec);
  const entry = { ...UNSTAMPED, contentHash: '', number: 0, ageMs: 0, freshMs: 1, retentionMs: 1 };
  for (const bytes of ['damaged', plainCodec.encode(DAMAGED, { ...entry, bytes: Buffer.from('id 5') })]) {
    await firstRedis().call('SET', [DAMAGED, bytes]);
    expect(await cache.get(DAMAGED)).toBeUndefined();
  }
});
