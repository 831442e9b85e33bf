import { lookupCache } from '../../src/cache/lookup-cache.ts';
import { memoryValueCache } from '../../src/cache/value-cache.ts';
import type { LookupQuery } from '../../src/contact/lookups.ts';
import { AppError } from '../../src/errors.ts';

const NEGATIVE_TTL_MS = 10_000;
const TTL_MS = 60_000;
const EMAIL: LookupQuery = { org: 'org', kind: 'email', value: 'ada@example.com' };

/** Creates the caches of two processes that share their values, at a time that the test sets. */
function createCaches(secretOf: (org: string) => string = () => 'secret') {
  const clock = { now: 1_000_000 };
  const stored: string[] = [];
  const failing = { calls: 0 };
  const values = memoryValueCache(() => clock.now);
  const recording: typeof values = {
    ...values,
    set: async (key, value, ttlMs) => {
      if (failing.calls-- > 0) return false;
      stored.push(`${key} ${JSON.stringify(value)}`);
      return values.set(key, value, ttlMs);
    },
  };
  let ids = 0;
  const create = () =>
    lookupCache({
      values: recording,
      ttlMs: TTL_MS,
      negativeTtlMs: NEGATIVE_TTL_MS,
      secretOf,
      randomId: () => `random-${++ids}`,
      now: () => clock.now,
    });
  const fetches: string[] = [];
  const finding = (id: string | null) => async () => {
    fetches.push(String(id));
    return id;
  };
  return { clock, stored, failing, fetches, finding, one: create(), other: create() };
}

test('caches an id for its time to live, in every process', async () => {
  const { clock, fetches, finding, one, other } = createCaches();
  const found = { id: 'id', isBeforeChange: false, isPastNegativeTtl: false };
  expect(await one.find(EMAIL, finding('id'))).toEqual(found);
  expect(await other.find(EMAIL, finding('wrong'))).toEqual(found);
  clock.now += NEGATIVE_TTL_MS + 1;
  expect(await other.find(EMAIL, finding('wrong'))).toEqual({ ...found, isPastNegativeTtl: true });
  clock.now += TTL_MS;
  expect(await one.find(EMAIL, finding('new'))).toEqual({ ...found, id: 'new' });
  expect(fetches).toEqual(['id', 'new']);
});

test('caches that there is none until that time has passed or a contact has changed', async () => {
  const { clock, fetches, finding, one, other } = createCaches();
  for (const cache of [one, other])
    expect(await cache.find(EMAIL, finding(null))).toMatchObject({ id: null });
  expect(fetches).toEqual(['null']);
  await other.recordChange('org');
  expect(await one.find(EMAIL, finding('id'))).toMatchObject({ id: 'id', isBeforeChange: false });
  await one.find({ ...EMAIL, value: 'eva@example.com' }, finding(null));
  clock.now += NEGATIVE_TTL_MS + 1;
  await one.find({ ...EMAIL, value: 'eva@example.com' }, finding('eva'));
  expect(fetches).toEqual(['null', 'id', 'null', 'eva']);
});

test('says that an id is from before a change, of its own organization alone', async () => {
  const { finding, one } = createCaches();
  await one.find(EMAIL, finding('id'));
  await one.recordChange('other');
  expect(await one.find(EMAIL, finding('wrong'))).toMatchObject({ id: 'id', isBeforeChange: false });
  await one.recordChange('org');
  expect(await one.find(EMAIL, finding('wrong'))).toMatchObject({ id: 'id', isBeforeChange: true });
  expect(await one.find({ ...EMAIL, fresh: true }, finding('new'))).toMatchObject({ id: 'new' });
  expect(await one.find(EMAIL, finding('wrong'))).toMatchObject({ id: 'new', isBeforeChange: false });
});

test('a fetch that began before a change does not count as one after it', async () => {
  const { finding, one } = createCaches();
  const { promise, resolve } = Promise.withResolvers<null>();
  const slow = one.find(EMAIL, () => promise);
  await new Promise(setImmediate);
  await one.recordChange('org');
  resolve(null);
  expect(await slow).toMatchObject({ id: null });
  expect(await one.find(EMAIL, finding('id'))).toMatchObject({ id: 'id' });
});

test('concurrent requests share one fetch, and its failure is not kept', async () => {
  const { fetches, finding, one } = createCaches();
  const failing = async () => {
    fetches.push('failed');
    throw new Error('failed');
  };
  const both = await Promise.allSettled([one.find(EMAIL, failing), one.find(EMAIL, failing)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await one.find(EMAIL, finding('id'));
  expect(fetches).toEqual(['failed', 'id']);
});

test('stores neither the value nor anything that another organization, kind or secret shares', async () => {
  const { stored, finding, one } = createCaches((org) => `secret of ${org}`);
  await one.find(EMAIL, finding('id'));
  await one.find({ ...EMAIL, org: 'other' }, finding('id'));
  await one.find({ ...EMAIL, kind: 'text' }, finding('id'));
  expect(stored).toHaveLength(3);
  const hashes = stored.map((line) => line.split(' ', 1)[0]!.split(':').at(-1));
  expect(new Set(hashes).size).toBe(3);
  expect(stored.join('\n')).not.toMatch(/ada|example|secret/);
});

test('fails without a fetch if the organization does not have a secret', async () => {
  const { fetches, finding, one } = createCaches(() => {
    throw new AppError('ORG_NOT_CONFIGURED');
  });
  await expect(one.find(EMAIL, finding('id'))).rejects.toMatchObject({ code: 'ORG_NOT_CONFIGURED' });
  expect(() => one.decoyOf(EMAIL)).toThrow(AppError);
  expect(fetches).toEqual([]);
});

test('a decoy is a UUID, the same one for a value in every process', () => {
  const { one, other } = createCaches();
  const decoy = one.decoyOf(EMAIL);
  expect(decoy).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(other.decoyOf(EMAIL)).toBe(decoy);
  expect(one.decoyOf({ ...EMAIL, value: 'eva@example.com' })).not.toBe(decoy);
});

test('records a change although Redis fails once, and says so if it does not', async () => {
  const { failing, fetches, finding, one } = createCaches();
  await one.find(EMAIL, finding(null));
  failing.calls = 1;
  await one.recordChange('org');
  expect((await one.find(EMAIL, finding('made'))).id).toBe('made');
  failing.calls = 100;
  await expect(one.recordChange('org')).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
  expect(fetches).toEqual(['null', 'made']);
});
