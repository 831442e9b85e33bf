import { isAppError } from '../../src/errors.ts';
import { memoryRecordStore } from '../../src/idempotency/memory-record-store.ts';

const TTL_MS = 60_000;
const data = Buffer.alloc(600);

function newStore(limits: { maxRecords?: number; maxBytes?: number } = {}) {
  let now = 0;
  const store = memoryRecordStore({
    ttlMs: TTL_MS,
    maxRecords: 100,
    maxBytes: 1_000_000,
    now: () => now,
    ...limits,
  });
  return {
    store,
    advance: (ms: number) => void (now += ms),
    finish: async (key: string) => {
      await store.claim(key, key, data);
      await store.settle(key, key, 'done', data);
    },
    /** Reads the stage of a key; claims the key if it has no record. */
    stageOf: async (key: string) => (await store.claim(key, 'reader', data))?.stage,
  };
}

test('forgets a result after its time to live, and not before', async () => {
  const { stageOf, advance, finish } = newStore();
  await finish('a');
  advance(TTL_MS - 1);
  expect(await stageOf('a')).toBe('done');
  advance(1);
  expect(await stageOf('a')).toBeUndefined();
});

test('keeps a record in flight longer than the time to live', async () => {
  const { store, advance, stageOf } = newStore();
  await store.claim('a', 'a', data);
  await store.start('a', 'a', data);
  for (let renewals = 0; renewals < 20; renewals += 1) {
    advance(19_999);
    await store.renew('a', 'a');
  }
  expect(await stageOf('a')).toBe('started');
});

test.each([
  ['too many records', { maxRecords: 3 }],
  ['too many bytes', { maxBytes: 3000 }],
])('evicts the results that ended first when it has %s', async (_what, limits) => {
  const { store, stageOf, finish } = newStore(limits);
  await store.claim('held', 'held', data);
  for (const key of ['a', 'b', 'c']) await finish(key);
  expect(await store.claim('held', 'reader', data)).toMatchObject({ held: true });
  expect(await stageOf('c')).toBe('done');
  expect(await stageOf('b')).toBe('done');
  expect(await stageOf('a')).toBeUndefined();
});

test('rejects a new key when every record is held, and accepts it when one has ended', async () => {
  const { store } = newStore({ maxRecords: 2 });
  await store.claim('a', 'a', data);
  await store.claim('b', 'b', data);
  const error: unknown = await store.claim('c', 'c', data).catch((thrown: unknown) => thrown);
  expect(isAppError(error, 'OVERLOADED')).toBe(true);
  expect(await store.claim('a', 'c', data)).toMatchObject({ held: true });
  await store.settle('a', 'a', 'done', data);
  expect(await store.claim('c', 'c', data)).toBeUndefined();
});
