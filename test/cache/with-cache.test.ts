import type { ErrorCode } from '../../src/errors.ts';
import { cachedReads, POLICY, REF, settle } from '../support/cached-reads.ts';

test('fetches only the missing parts, in one call', async () => {
  const { asked, get } = cachedReads();
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
  const { world, get } = cachedReads();
  await get(['contact']);
  world.version = 2;
  await get(['notes']);
  expect((await get(['contact'])).text).toBe('"contact2"');
});

test('shares a call but does not store the part when its time to live is 0', async () => {
  const { asked, get } = cachedReads();
  await Promise.all([get(['signals']), get(['signals'])]);
  expect(asked).toEqual([['signals']]);
  expect(await get(['signals'])).toMatchObject({ result: 'miss' });
  expect(asked).toHaveLength(2);
});

test('shares one call between 300 callers with overlapping parts', async () => {
  const { asked, get } = cachedReads();
  const all = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      get(index % 2 ? ['contact', 'notes'] : ['contact', 'notes', 'entity']),
    ),
  );
  expect(asked).toEqual([['contact', 'notes', 'entity']]);
  expect(all.filter((one) => one.collapsed)).toHaveLength(299);
});

test('serves stale parts during one revalidation, and fresh parts afterwards', async () => {
  const { world, asked, get } = cachedReads();
  await get(['contact', 'notes']);
  world.now += 40_000;
  world.version = 2;
  const stale = await Promise.all([get(['contact', 'notes']), get(['contact', 'notes'])]);
  expect(stale[0]).toMatchObject({ result: 'stale', ttlS: -10, text: '"contact1","notes1"' });
  await settle();
  expect(asked).toEqual([['contact', 'notes'], ['notes']]);
  expect(await get(['contact', 'notes'])).toMatchObject({ result: 'hit', text: '"contact2","notes2"' });
});

test('does not wait for a refresh in flight when another part is missing', async () => {
  const { world, asked, get } = cachedReads();
  await get(['contact', 'notes']);
  world.now += 40_000;
  await Promise.all([get(['contact', 'notes']), get(['contact', 'notes', 'entity'])]);
  expect(asked.slice(1)).toEqual([['notes'], ['entity']]);
});

test('keeps the stale part and reports the error when a refresh fails', async () => {
  const { world, get, refreshFailures } = cachedReads();
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
  const { world, get } = cachedReads();
  await get(['contact']);
  world.failure = code;
  world.now += 60_000 + 3_599_000;
  expect(await get(['contact'])).toMatchObject({ result: 'stale', ttlS: -3599, text: '"contact1"' });
  world.now += 2000;
  await expect(get(['contact'])).rejects.toMatchObject({ code });
});

test('does not store a failure', async () => {
  const { world, asked, get } = cachedReads();
  world.failure = 'UPSTREAM_UNAVAILABLE';
  await expect(get(['contact'])).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  world.failure = undefined;
  expect(await get(['contact'])).toMatchObject({ result: 'miss' });
  expect(asked).toHaveLength(2);
});

test('stores a not-found for its own time to live, in place of the known parts', async () => {
  const { world, asked, get } = cachedReads({ staleWhileRevalidateMs: 0 });
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
  const { world, get } = cachedReads({ ttlMs: { ...POLICY.ttlMs, contact: 0 } });
  world.failure = 'CONTACT_NOT_FOUND';
  await expect(get(['contact'])).rejects.toMatchObject({ code: 'CONTACT_NOT_FOUND' });
  world.failure = undefined;
  await expect(get(['contact'])).rejects.toMatchObject({ code: 'CONTACT_NOT_FOUND' });
  expect(await get(['contact'], { bypass: true })).toMatchObject({ result: 'bypass' });
  expect(await get(['contact'])).toMatchObject({ result: 'miss', text: '"contact1"' });
});

test('never serves the result of a call that began before an invalidation', async () => {
  const { world, store, asked, get } = cachedReads();
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
  const { world, store, get } = cachedReads();
  await get(['contact']);
  await store.invalidate(REF.org, REF.contact);
  world.failure = 'UPSTREAM_TIMEOUT';
  await expect(get(['contact'])).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
});

test('refreshes stale parts in the call for missing parts', async () => {
  const { world, asked, get } = cachedReads();
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
  const world = cachedReads();
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
