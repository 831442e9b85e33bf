import { memoryPartStore } from '../../src/cache/memory-part-store.ts';
import { withCache } from '../../src/cache/with-cache.ts';
import { PARTS, type Part } from '../../src/contact/parts/index.ts';
import type { CacheOutcome, ContactParts } from '../../src/contact/read-contact.ts';
import { AppError, type ErrorCode } from '../../src/errors.ts';
import { newMetrics } from '../support/metrics.ts';

const POLICY = {
  ttlMs: { contact: 60_000, notes: 30_000, entity: 300_000, profile: 3_600_000, signals: 0 },
  negativeTtlMs: 10_000,
  staleWhileRevalidateMs: 30_000,
  staleIfErrorMs: 3_600_000,
};
const REF = { org: 'o', member: 'm', contact: 'c' };

function setUp(policy: Partial<typeof POLICY> = {}) {
  const world = {
    now: 1_000_000,
    version: 1,
    failure: undefined as ErrorCode | undefined,
    hold: undefined as Promise<void> | undefined,
  };
  const asked: Part[][] = [];
  const refreshFailures: unknown[] = [];
  const storeFailures: unknown[] = [];
  const now = () => world.now;
  const store = memoryPartStore({
    fenceMs: 35_000,
    uncertainMs: 30_000,
    maxBytes: 1e7,
    now,
    metrics: newMetrics(),
  });
  const read = withCache(
    async (query) => {
      asked.push([...query.parts]);
      const { version, failure } = world;
      await world.hold;
      if (failure) throw new AppError(failure);
      const parts = PARTS.filter((part) => part === 'contact' || query.parts.includes(part));
      return Object.fromEntries(parts.map((part) => [part, Buffer.from(`"${part}${version}"`)]));
    },
    {
      store,
      policy: { ...POLICY, ...policy },
      maxWaitMs: 5000,
      metrics: newMetrics(),
      now,
      random: () => 0,
      onRefreshFailure: (error) => refreshFailures.push(error),
      onStoreFailure: (error) => storeFailures.push(error),
    },
  );
  async function get(
    parts: Part[],
    options: { bypass?: boolean; noStore?: boolean; signal?: AbortSignal } = {},
  ) {
    let outcome: CacheOutcome | undefined;
    const found = await read(
      { ...REF, parts },
      {
        signal: new AbortController().signal,
        bypass: false,
        noStore: false,
        ...options,
        onCacheOutcome: (one) => (outcome = one),
      },
    );
    return { text: textOf(found), ...outcome! };
  }
  return { world, asked, refreshFailures, storeFailures, store, get };
}
const textOf = (parts: ContactParts) =>
  Object.values(parts)
    .map((part) => String(part.bytes))
    .join();
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('fetches only the missing parts, in one call', async () => {
  const { asked, get } = setUp();
  expect(await get(['contact', 'notes'])).toMatchObject({
    result: 'miss',
    stored: true,
    text: '"contact1","notes1"',
  });
  expect(await get(['contact', 'notes', 'entity'])).toMatchObject({ result: 'partial', stored: true });
  expect(await get(['contact', 'notes', 'entity', 'profile'])).toMatchObject({ result: 'partial' });
  expect(await get(['contact', 'notes', 'entity', 'profile'])).toMatchObject({ result: 'hit', ttlS: 30 });
  expect(asked).toEqual([['contact', 'notes'], ['entity'], ['profile']]);
});

test('refreshes the contact with every upstream response', async () => {
  const { world, get } = setUp();
  await get(['contact']);
  world.version = 2;
  await get(['notes']);
  expect((await get(['contact'])).text).toBe('"contact2"');
});

test('shares a call but does not store the part when its time to live is 0', async () => {
  const { asked, get } = setUp();
  await Promise.all([get(['signals']), get(['signals'])]);
  expect(asked).toEqual([['signals']]);
  expect(await get(['signals'])).toMatchObject({ result: 'miss' });
  expect(asked).toHaveLength(2);
});

test('shares one call between 300 callers with overlapping parts', async () => {
  const { asked, get } = setUp();
  const all = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      get(index % 2 ? ['contact', 'notes'] : ['contact', 'notes', 'entity']),
    ),
  );
  expect(asked).toEqual([['contact', 'notes', 'entity']]);
  expect(all.filter((one) => one.collapsed)).toHaveLength(299);
});

test('serves stale parts during one revalidation, and fresh parts afterwards', async () => {
  const { world, asked, get } = setUp();
  await get(['contact', 'notes']);
  world.now += 40_000;
  world.version = 2;
  const stale = await Promise.all([get(['contact', 'notes']), get(['contact', 'notes'])]);
  expect(stale[0]).toMatchObject({ result: 'stale', ttlS: -10, text: '"contact1","notes1"' });
  await settle();
  expect(asked).toEqual([['contact', 'notes'], ['notes']]);
  expect(await get(['contact', 'notes'])).toMatchObject({ result: 'hit', text: '"contact2","notes2"' });
});

test('keeps the stale part and reports the error when a refresh fails', async () => {
  const { world, get, refreshFailures } = setUp();
  await get(['notes']);
  world.now += 40_000;
  world.failure = 'UPSTREAM_TIMEOUT';
  await get(['notes']);
  await settle();
  expect(refreshFailures).toEqual([expect.objectContaining({ code: 'UPSTREAM_TIMEOUT' })]);
  expect(await get(['notes'])).toMatchObject({ result: 'stale', text: '"notes1"' });
});

test.each<ErrorCode>([
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_BAD_RESPONSE',
  'UPSTREAM_CREDENTIALS_REJECTED',
  'UPSTREAM_EGRESS_REJECTED',
])('serves a stale part on %s until stale-if-error ends', async (code) => {
  const { world, get } = setUp();
  await get(['contact']);
  world.failure = code;
  world.now += 60_000 + 3_599_000;
  expect(await get(['contact'])).toMatchObject({ result: 'stale', ttlS: -3599, text: '"contact1"' });
  world.now += 2000;
  await expect(get(['contact'])).rejects.toMatchObject({ code });
});

test('does not store a failure', async () => {
  const { world, asked, get } = setUp();
  world.failure = 'UPSTREAM_UNAVAILABLE';
  await expect(get(['contact'])).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  world.failure = undefined;
  expect(await get(['contact'])).toMatchObject({ result: 'miss' });
  expect(asked).toHaveLength(2);
});

test('stores a not-found for its own time to live, in place of the known parts', async () => {
  const { world, asked, get } = setUp({ staleWhileRevalidateMs: 0 });
  await get(['contact', 'entity']);
  world.now += 61_000;
  world.failure = 'CONTACT_NOT_FOUND';
  await expect(get(['contact'])).rejects.toMatchObject({ code: 'CONTACT_NOT_FOUND' });
  // The entity was fresh, but the not-found removes it, too.
  await expect(get(['entity'])).rejects.toMatchObject({ code: 'CONTACT_NOT_FOUND' });
  expect(asked).toHaveLength(2);
  world.now += 10_001;
  world.failure = undefined;
  expect(await get(['contact', 'entity'])).toMatchObject({ result: 'miss' });
  expect(asked).toHaveLength(3);
});

test('removes a stored not-found when the contact is found but not stored', async () => {
  const { world, get } = setUp({ ttlMs: { ...POLICY.ttlMs, contact: 0 } });
  world.failure = 'CONTACT_NOT_FOUND';
  await expect(get(['contact'])).rejects.toMatchObject({ code: 'CONTACT_NOT_FOUND' });
  world.failure = undefined;
  await expect(get(['contact'])).rejects.toMatchObject({ code: 'CONTACT_NOT_FOUND' });
  expect(await get(['contact'], { bypass: true })).toMatchObject({ result: 'bypass' });
  expect(await get(['contact'])).toMatchObject({ result: 'miss', text: '"contact1"' });
});

test('never serves the result of a call that began before an invalidation', async () => {
  const { world, store, asked, get } = setUp();
  let release!: () => void;
  world.hold = new Promise((resolve) => (release = resolve));
  const before = get(['contact', 'notes']);
  await settle();
  await store.invalidate(REF.org, REF.contact);
  world.now += 1;
  world.version = 2;
  world.hold = undefined;
  expect(await get(['contact', 'notes'])).toMatchObject({ text: '"contact2","notes2"' });
  release();
  // A later call has been shown, so no response shows the earlier one.
  expect(await before).toMatchObject({ text: '"contact2","notes2"' });
  expect(await get(['contact', 'notes'])).toMatchObject({ result: 'hit', text: '"contact2","notes2"' });
  expect(asked).toHaveLength(2);
});

test('does not serve a stale part on a failure after an invalidation', async () => {
  const { world, store, get } = setUp();
  await get(['contact']);
  await store.invalidate(REF.org, REF.contact);
  world.failure = 'UPSTREAM_TIMEOUT';
  await expect(get(['contact'])).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
});

test('does not read the cache on a bypass, but stores the result', async () => {
  const { world, get } = setUp();
  await get(['contact']);
  world.version = 2;
  expect(await get(['contact'], { bypass: true })).toMatchObject({
    result: 'bypass',
    stored: true,
    text: '"contact2"',
  });
  expect(await get(['contact'])).toMatchObject({ result: 'hit', text: '"contact2"' });
});

describe('no-store', () => {
  test('fetches the missing parts and stores nothing', async () => {
    const { world, asked, get } = setUp();
    expect(await get(['contact', 'notes'], { noStore: true })).toMatchObject({
      result: 'miss',
      stored: false,
      text: '"contact1","notes1"',
    });
    world.version = 2;
    expect(await get(['contact'])).toMatchObject({ result: 'miss', text: '"contact2"' });
    expect(await get(['contact', 'notes'], { noStore: true })).toMatchObject({
      result: 'partial',
      stored: false,
    });
    expect(await get(['contact', 'notes'])).toMatchObject({ result: 'partial', stored: true });
    expect(asked).toEqual([['contact', 'notes'], ['contact'], ['notes'], ['notes']]);
  });

  test('serves a stored part and does not refresh it when it is stale', async () => {
    const { world, asked, get } = setUp();
    await get(['notes']);
    expect(await get(['notes'], { noStore: true })).toMatchObject({ result: 'hit' });
    world.now += 40_000;
    expect(await get(['notes'], { noStore: true })).toMatchObject({ result: 'stale' });
    await settle();
    expect(asked).toHaveLength(1);
  });

  test('neither reads nor changes the cache with a bypass', async () => {
    const { world, get } = setUp();
    await get(['contact']);
    world.version = 2;
    expect(await get(['contact'], { bypass: true, noStore: true })).toMatchObject({
      result: 'bypass',
      stored: false,
      text: '"contact2"',
    });
    expect(await get(['contact'])).toMatchObject({ result: 'hit', text: '"contact1"' });
  });

  test('neither joins a call in flight nor is joined', async () => {
    const { world, asked, get } = setUp();
    let release!: () => void;
    world.hold = new Promise((resolve) => (release = resolve));
    const all = [
      get(['contact']),
      get(['contact'], { noStore: true }),
      get(['contact']),
      get(['contact'], { noStore: true }),
    ];
    await settle();
    release();
    const outcomes = await Promise.all(all);
    expect(outcomes.map(({ stored, collapsed }) => [stored, collapsed])).toEqual([
      [true, false],
      [false, false],
      [true, true],
      [false, false],
    ]);
    expect(asked).toHaveLength(3);
  });

  test('does not store a not-found', async () => {
    const { world, get } = setUp();
    world.failure = 'CONTACT_NOT_FOUND';
    await expect(get(['contact'], { noStore: true })).rejects.toMatchObject({ code: 'CONTACT_NOT_FOUND' });
    world.failure = undefined;
    expect(await get(['contact'])).toMatchObject({ result: 'miss' });
  });
});

test('refreshes stale parts in the call for missing parts', async () => {
  const { world, asked, get } = setUp();
  await get(['contact', 'notes']);
  world.now += 40_000;
  world.version = 2;
  expect(await get(['contact', 'notes', 'entity'])).toMatchObject({
    result: 'partial',
    text: '"contact2","notes2","entity2"',
  });
  expect(asked[1]!.toSorted()).toEqual(['entity', 'notes']);
});

function endingWith(end: () => Promise<void>) {
  const world = setUp();
  const claim = world.store.claim.bind(world.store);
  world.store.claim = async (...args) => ({ ...(await claim(...args)), store: end, fail: end });
  return world;
}

describe('a store operation that does not succeed', () => {
  test('delays neither a response nor a failure when it never settles', async () => {
    const { world, get } = endingWith(() => new Promise(() => {}));
    expect(await get(['contact'])).toMatchObject({ result: 'miss', text: '"contact1"' });
    world.failure = 'UPSTREAM_TIMEOUT';
    await expect(get(['notes'])).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  });

  test('is reported when it fails', async () => {
    const { storeFailures, get } = endingWith(() => Promise.reject(new TypeError('broken')));
    expect(await get(['contact'])).toMatchObject({ result: 'miss' });
    await settle();
    expect(storeFailures).toEqual([expect.any(TypeError)]);
  });
});
