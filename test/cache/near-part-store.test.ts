import { nearPartStore } from '../../src/cache/near-part-store.ts';
import type { Entry } from '../../src/cache/part-store.ts';
import type { RedisPartStore, RemoteClaim } from '../../src/cache/redis-part-store.ts';
import { contentHash } from '../../src/contact/content-hash.ts';
import { RedisUnavailable } from '../../src/redis/redis-link.ts';
import { newMetrics } from '../support/metrics.ts';

const REF = { org: 'o', member: 'm', contact: 'c' };
const entry = (text: string): Entry => {
  const bytes = Buffer.from(text);
  return { bytes, contentHash: contentHash(bytes), fetchedAt: 0, staleAt: 60_000 };
};
const change = (text: string) => ({ part: 'contact' as const, entry: entry(text), keepMs: 60_000 });

function next<T>(replies: PromiseWithResolvers<T>[]): Promise<T> {
  const reply = Promise.withResolvers<T>();
  replies.push(reply);
  return reply.promise;
}

/** A Redis whose replies come when the test lets them come. */
function setUp() {
  let forget!: (org: string, contact: string) => void;
  const claims: PromiseWithResolvers<RemoteClaim>[] = [];
  const settles: PromiseWithResolvers<boolean>[] = [];
  const reads: PromiseWithResolvers<Awaited<ReturnType<RedisPartStore['read']>>>[] = [];
  const remote: RedisPartStore = {
    read: () => next(reads),
    claim: () => next(claims),
    invalidate: async () => true,
    onInvalidation: (listener) => (forget = listener),
    onGap: () => {},
  };
  const claimed = (text?: string): RemoteClaim => ({
    generation: 'g',
    entries: text === undefined ? {} : { contact: entry(text) },
    elsewhere: [],
    settle: () => next(settles),
  });
  const store = nearPartStore({
    remote,
    maxBytes: 1e6,
    ttlMs: 1000,
    now: () => 0,
    onUnsafeInvalidation: () => {},
    metrics: newMetrics(),
  });
  return { store, reads, claims, settles, claimed, invalidated: () => forget(REF.org, REF.contact) };
}

test('what a claim read counts no more once an invalidation was heard of', async () => {
  const { store, claims, claimed, invalidated } = setUp();
  const overtaken = store.claim(REF, ['contact'], ['contact']);
  invalidated();
  claims[0]!.resolve(claimed('old'));
  expect((await overtaken).entries).toEqual({});
  const fresh = store.claim(REF, ['contact'], ['contact']);
  claims[1]!.resolve(claimed('new'));
  expect((await fresh).entries.contact?.bytes.toString()).toBe('new');
});

test('until Redis has what was fetched, what was there before is not read', async () => {
  const { store, claims, settles, reads, claimed } = setUp();
  const first = store.claim(REF, [], ['contact']);
  claims[0]!.resolve(claimed());
  const stored = (await first).store([change('1')]);
  settles[0]!.resolve(true);
  await stored;
  expect(store.read(REF, ['contact'])).toMatchObject({ entries: { contact: entry('1') } });
  const second = store.claim(REF, [], []);
  claims[1]!.resolve(claimed());
  const storing = (await second).store([change('2')]);
  void store.read(REF, ['contact']);
  expect(reads).toHaveLength(1);
  settles[1]!.resolve(true);
  await storing;
  expect(store.read(REF, ['contact'])).toMatchObject({ entries: { contact: entry('2') } });
});

test('calls that could not be claimed are shared until an invalidation is heard of', async () => {
  const { store, claims, reads, invalidated } = setUp();
  const refused = store.claim(REF, ['contact'], ['contact']);
  claims[0]!.reject(new RedisUnavailable());
  const { generation } = await refused;
  const before = store.read(REF, ['contact']);
  reads[0]!.resolve({ generation: undefined, entries: {} });
  expect(await before).toMatchObject({ generation: undefined, unclaimed: generation });
  invalidated();
  const after = store.read(REF, ['contact']);
  reads[1]!.reject(new RedisUnavailable());
  expect((await after).unclaimed).not.toBe(generation);
});
