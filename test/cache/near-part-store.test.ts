import { nearPartStore } from '../../src/cache/near-part-store.ts';
import type { Entry } from '../../src/cache/part-store.ts';
import { randomId } from '../../src/cache/random-id.ts';
import type { RedisInvalidations } from '../../src/cache/redis-invalidations.ts';
import type { RedisPartStore, RemoteFetchLease } from '../../src/cache/redis-part-store.ts';
import { contentHash } from '../../src/lib/content-hash.ts';
import { RedisUnavailable } from '../../src/redis/redis-unavailable.ts';
import { newMetrics } from '../support/metrics.ts';

const REF = { org: 'o', member: 'm', contact: 'c' };
const entry = (text: string, number = 1): Entry => {
  const bytes = Buffer.from(text);
  const stamp = { generation: 'g', number };
  return { bytes, contentHash: contentHash(bytes), fetchedAt: 0, staleAt: 60_000, ...stamp };
};
const change = (text: string, number = 1) => ({
  part: 'contact' as const,
  entry: entry(text, number),
  retentionMs: 60_000,
});

function next<T>(replies: PromiseWithResolvers<T>[]): Promise<T> {
  const reply = Promise.withResolvers<T>();
  replies.push(reply);
  return reply.promise;
}

/** A Redis whose replies arrive under the control of the test. */
function setUp(maxBytes = 1e6) {
  let forget!: (org: string, contact: string) => void;
  let gap!: () => void;
  const claims: PromiseWithResolvers<RemoteFetchLease | undefined>[] = [];
  const settles: PromiseWithResolvers<boolean | undefined>[] = [];
  const reads: PromiseWithResolvers<Awaited<ReturnType<RedisPartStore['read']>>>[] = [];
  const remote: RedisPartStore = { read: () => next(reads), claim: () => next(claims) };
  const invalidations: Omit<RedisInvalidations, 'processId' | 'others'> = {
    invalidate: async () => {},
    fence: async () => ({ open: async () => {}, uncertain: () => {} }),
    onInvalidation: (listener) => (forget = listener),
    onGap: (listener) => (gap = listener),
    close: async () => {},
  };
  const claimed = (text?: string, number = 1): RemoteFetchLease => ({
    generation: 'g',
    number,
    entries: text === undefined ? {} : { contact: entry(text, number) },
    heldByOthers: [],
    settle: () => next(settles),
  });
  const clock = { now: 0 };
  const store = nearPartStore({
    remote,
    invalidations,
    maxBytes,
    floorMs: 5000,
    ttlMs: 1000,
    now: () => clock.now,
    randomId,
    metrics: newMetrics(),
  });
  const invalidated = () => forget(REF.org, REF.contact);
  return { clock, store, reads, claims, settles, claimed, invalidated, gap: () => gap() };
}

test('discards the entries of a claim when an invalidation was received meanwhile', async () => {
  const { store, claims, claimed, invalidated } = setUp();
  const overtaken = store.claim(REF, ['contact'], ['contact']);
  invalidated();
  claims[0]!.resolve(claimed('old'));
  expect((await overtaken).entries).toEqual({});
  const fresh = store.claim(REF, ['contact'], ['contact']);
  claims[1]!.resolve(claimed('new', 2));
  expect((await fresh).entries.contact?.bytes.toString()).toBe('new');
});

test('hits on a read after a response, before and after Redis has stored it', async () => {
  const { store, claims, settles, reads, claimed } = setUp();
  for (const [index, text] of ['1', '2'].entries()) {
    const claim = store.claim(REF, [], ['contact']);
    claims[index]!.resolve(claimed());
    const stored = (await claim).store([change(text, index)]);
    expect(store.read(REF, ['contact'])).toMatchObject({ entries: { contact: entry(text, index) } });
    settles[index]!.resolve(true);
    await stored;
    expect(store.read(REF, ['contact'])).toMatchObject({ entries: { contact: entry(text, index) } });
  }
  expect(reads).toHaveLength(0);
});

test('serves a response no longer than the claim allows until Redis has stored it', async () => {
  const { store, claims, settles, reads, claimed, clock } = setUp();
  const claim = store.claim(REF, [], ['contact']);
  claims[0]!.resolve(claimed());
  const held = await claim;
  clock.now = 600;
  const stored = held.store([change('1')]);
  clock.now = 1000;
  void store.read(REF, ['contact']);
  expect(reads).toHaveLength(1);
  settles[0]!.resolve(true);
  await stored;
  expect(store.read(REF, ['contact'])).toMatchObject({ entries: { contact: entry('1') } });
});

test('a claim that ends without a command to Redis does not prolong the use of an entry', async () => {
  const { store, claims, settles, reads, claimed, clock } = setUp();
  const first = store.claim(REF, [], ['contact']);
  claims[0]!.resolve(claimed());
  const stored = (await first).store([change('1')]);
  settles[0]!.resolve(true);
  await stored;
  const second = store.claim(REF, ['contact'], ['notes']);
  claims[1]!.resolve(claimed('1'));
  const waiting = await second;
  clock.now = 600;
  const ended = waiting.store([]);
  settles[1]!.resolve(undefined);
  await ended;
  clock.now = 1000;
  void store.read(REF, ['contact']);
  expect(reads).toHaveLength(1);
});

test('does not replace a newer response with a Redis reply that was in flight', async () => {
  const { store, claims, reads, claimed } = setUp();
  const early = store.read(REF, ['contact']);
  const claim = store.claim(REF, [], ['contact']);
  claims[0]!.resolve(claimed());
  void (await claim).store([change('2')]);
  reads[0]!.resolve({ generation: 'g', entries: { contact: entry('1') } });
  await early;
  expect(store.read(REF, ['contact'])).toMatchObject({ entries: { contact: entry('2') } });
});

test('shows no earlier call after an entry of Redis that it could not store', async () => {
  const { store, claims, reads, claimed } = setUp();
  const early = store.read(REF, ['contact']);
  const claim = store.claim(REF, [], ['contact']);
  claims[0]!.resolve(claimed());
  void (await claim).store([change('1')]);
  reads[0]!.resolve({ generation: 'g', entries: { contact: entry('2', 2) } });
  expect(await early).toMatchObject({ entries: { contact: entry('2', 2) } });
  const again = store.read(REF, ['contact']);
  reads[1]!.resolve({ generation: 'g', entries: { contact: entry('1') } });
  expect(await again).toMatchObject({ entries: { contact: entry('2', 2) } });
});

test.each([
  [1e6, Buffer.from('later')],
  // Only the order is kept then, so the part is fetched again.
  [0, undefined],
])(
  'shows no call that began earlier than one shown after an invalidation, with a near cache of %s bytes',
  async (maxBytes, shown) => {
    const { store, reads, invalidated } = setUp(maxBytes);
    const read = store.read(REF, ['contact']);
    invalidated();
    const later = { ...entry('later'), generation: 'h', fetchedAt: 25, bornBefore: 30 };
    reads[0]!.resolve({ generation: 'h', entries: { contact: later } });
    expect(await read).toMatchObject({ entries: { contact: { bytes: later.bytes } } });
    const slow = { ...entry('slow'), fetchedAt: 10 };
    expect(store.latest(REF, { contact: slow }).contact?.bytes).toEqual(shown);
    // Neither of the two is known to have begun later.
    expect(store.latest(REF, { contact: { ...slow, fetchedAt: 27 } })).toEqual({});
  },
);

test('caches again what it fetches while Redis is unreachable, although the contact was cached before', async () => {
  const { store, claims, reads, claimed, clock } = setUp();
  const claim = store.claim(REF, [], ['contact']);
  claims[0]!.resolve(claimed());
  void (await claim).store([change('1')]);
  clock.now = 5000;
  const refused = store.claim(REF, [], ['contact']);
  claims[1]!.reject(new RedisUnavailable());
  const local = await refused;
  const { generation, number } = local;
  const contact = { ...entry('2'), generation, number, fetchedAt: 5000, staleAt: 65_000 };
  await local.store([{ part: 'contact', entry: contact, retentionMs: 60_000 }]);
  expect(store.read(REF, ['contact'])).toMatchObject({ entries: { contact } });
  expect(reads).toHaveLength(0);
});

test('keeps the contact that Redis returns beside the requested part, and does not return it', async () => {
  const { store, reads } = setUp();
  const read = store.read(REF, ['notes']);
  const entries = { contact: entry('contact'), notes: entry('notes') };
  reads[0]!.resolve({ generation: 'g', entries });
  expect((await read).entries).toEqual({ notes: entry('notes') });
  expect(store.read(REF, ['contact', 'notes'])).toMatchObject({ entries });
  expect(reads).toHaveLength(1);
});

test('drops a response under a generation that Redis has replaced', async () => {
  const { store, claims, settles, reads, claimed } = setUp();
  const claim = store.claim(REF, [], ['contact']);
  claims[0]!.resolve(claimed());
  const stored = (await claim).store([change('1')]);
  settles[0]!.resolve(false);
  await stored;
  void store.read(REF, ['contact']);
  expect(reads).toHaveLength(1);
});

test('does not store a response after an invalidation', async () => {
  const { store, claims, reads, claimed, invalidated } = setUp();
  const claim = store.claim(REF, [], ['contact']);
  claims[0]!.resolve(claimed());
  const held = await claim;
  invalidated();
  void held.store([change('1')]);
  void store.read(REF, ['contact']);
  expect(reads).toHaveLength(1);
});

test('shares unclaimed calls until an invalidation is received', async () => {
  const { store, claims, reads, invalidated } = setUp();
  const refused = store.claim(REF, ['contact'], ['contact']);
  claims[0]!.reject(new RedisUnavailable());
  const { generation } = await refused;
  const before = store.read(REF, ['contact']);
  reads[0]!.resolve({ generation: undefined, entries: {} });
  expect(await before).toMatchObject({ generation: undefined, localGeneration: generation });
  invalidated();
  const after = store.read(REF, ['contact']);
  reads[1]!.reject(new RedisUnavailable());
  expect((await after).localGeneration).not.toBe(generation);
});

test.each([
  [1e6, true],
  [0, false],
])('without Redis, a near cache of %s bytes reports canStore %s', async (maxBytes, canStore) => {
  const { store, claims } = setUp(maxBytes);
  const claim = store.claim(REF, ['contact'], ['contact']);
  claims[0]!.reject(new RedisUnavailable());
  expect((await claim).canStore).toBe(canStore);
});
