import { jest } from '@jest/globals';
import { remoteKeySet, type JwksOptions, type JwksState } from '../../src/auth/jwks.ts';
import type { KeySet } from '../../src/auth/key-set.ts';
import { newKey } from '../support/issuer.ts';

const one = newKey('one');
const two = newKey('two');
const rsa = newKey('rsa', 'RS256');
const nameless = newKey(undefined);

let now: number;
let published: unknown;
let fetches: number;
let failing: string | undefined;
let states: JwksState[];
let open: KeySet[];

beforeEach(() => {
  jest.useFakeTimers();
  [now, published, fetches, failing, states, open] = [1_000_000, { keys: [one.jwk] }, 0, undefined, [], []];
});
afterEach(() => {
  for (const set of open) set.close();
  jest.useRealTimers();
});

function keySet(options: Partial<JwksOptions> = {}): KeySet {
  const set = remoteKeySet({
    fetchJwks: async () => {
      fetches += 1;
      if (failing !== undefined) throw Object.assign(new Error(failing), { code: failing });
      return published;
    },
    algorithms: new Set(['ES256', 'RS256', 'PS256']),
    refreshMs: 300_000,
    minDemandMs: 5000,
    maxKeys: 100,
    monotonicNow: () => now,
    random: () => 1,
    onFetched: (state) => states.push(state),
    ...options,
  });
  open.push(set);
  return set;
}
async function pass(ms: number): Promise<void> {
  now += ms;
  await jest.advanceTimersByTimeAsync(ms);
}
const codeOf = (finding: Promise<unknown>) =>
  finding.then(
    (key) => (key ? 'found' : 'none'),
    (error: { code: string }) => error.code,
  );

test('fetches the key set when it is created, and find() waits for that fetch', async () => {
  const set = keySet();
  expect(await set.find('one', 'ES256')).toMatchObject({ kid: 'one' });
  expect(await set.find('one', 'ES256')).toBe(await set.find('one', 'ES256'));
  expect(fetches).toBe(1);
});

test('refreshes the key set in the background', async () => {
  const set = keySet();
  await pass(0);
  published = { keys: [one.jwk, two.jwk] };
  await pass(300_000);
  expect(fetches).toBe(2);
  expect(await set.find('two', 'ES256')).toBeDefined();
  expect(fetches).toBe(2);
});

test('shares one fetch between concurrent requests for an unknown key', async () => {
  const set = keySet();
  await pass(0);
  published = { keys: [two.jwk] };
  const found = await Promise.all(Array.from({ length: 50 }, () => set.find('two', 'ES256')));
  expect(found.every(Boolean)).toBe(true);
  expect(fetches).toBe(2);
});

test('throttles fetches for unknown key ids and still finds a new key', async () => {
  const set = keySet();
  await pass(0);
  await Promise.all(Array.from({ length: 200 }, (_, n) => set.find(`bad ${n}`, 'ES256')));
  for (let n = 0; n < 200; n += 1) expect(await set.find(`worse ${n}`, 'ES256')).toBeUndefined();
  expect(fetches).toBe(2);
  published = { keys: [one.jwk, two.jwk] };
  let foundAfter: number | undefined;
  for (let second = 1; second <= 30 && foundAfter === undefined; second += 1) {
    await pass(1000);
    for (let n = 0; n < 20; n += 1) await set.find(`bad ${second} ${n}`, 'ES256');
    if (await set.find('two', 'ES256')) foundAfter = second;
  }
  expect(foundAfter).toBeLessThanOrEqual(5);
  await pass(60_000);
  expect(fetches).toBeLessThanOrEqual(4);
});

test('does not fetch for an algorithm that is not allowed', async () => {
  const set = keySet();
  await pass(0);
  for (const algorithm of ['HS256', 'none', 'ES384', '__proto__'])
    expect(await set.find('x', algorithm)).toBeUndefined();
  expect(fetches).toBe(1);
});

test('keeps known keys and backs off while the issuer is down', async () => {
  const set = keySet();
  await pass(0);
  failing = 'ECONNREFUSED';
  await pass(300_000);
  expect(states.at(-1)).toEqual({ ok: false, reason: 'ECONNREFUSED', keys: 1 });
  await pass(24 * 3_600_000);
  expect(await set.find('one', 'ES256')).toBeDefined();
  expect(await codeOf(set.find('two', 'ES256'))).toBe('none');
  const before = fetches;
  await pass(60_000);
  expect(fetches - before).toBeLessThanOrEqual(3);
  failing = undefined;
  await pass(30_000);
  expect(states.at(-1)).toEqual({ ok: true, keys: 1 });
});

test('throws UPSTREAM_UNAVAILABLE until the first fetch succeeds', async () => {
  failing = 'ECONNREFUSED';
  const set = keySet();
  expect(await codeOf(set.find('one', 'ES256'))).toBe('UPSTREAM_UNAVAILABLE');
  expect(await codeOf(set.find('one', 'ES256'))).toBe('UPSTREAM_UNAVAILABLE');
  expect(await codeOf(set.find('one', 'HS256'))).toBe('none');
  expect(fetches).toBeLessThanOrEqual(2);
  failing = undefined;
  await pass(30_000);
  expect(await codeOf(set.find('one', 'ES256'))).toBe('found');
});

test('drops a removed key and keeps the object of an unchanged key', async () => {
  published = { keys: [one.jwk, two.jwk] };
  const set = keySet();
  const [first, second] = [await set.find('one', 'ES256'), await set.find('two', 'ES256')];
  published = { keys: [{ ...two.jwk, extra: 'member' }] };
  await pass(300_000);
  expect(set.holds(first!)).toBe(false);
  expect(set.holds(second!)).toBe(true);
  expect(await set.find('two', 'ES256')).toBe(second);
});

test('treats a key with the same kid but other material or algorithms as a new key', async () => {
  published = { keys: [rsa.jwk] };
  const set = keySet();
  const before = await set.find('rsa', 'RS256');
  published = { keys: [{ ...rsa.jwk, alg: 'PS256' }] };
  await pass(300_000);
  expect(set.holds(before!)).toBe(false);
  expect(await set.find('rsa', 'RS256')).toBeUndefined();
  published = { keys: [{ ...newKey('rsa', 'RS256').jwk }] };
  const other = await set.find('rsa', 'PS256');
  await pass(300_000);
  expect(set.holds(other!)).toBe(false);
});

test('finds a key for a token without a kid only if exactly one key fits', async () => {
  published = { keys: [one.jwk, rsa.jwk] };
  const set = keySet();
  expect(await set.find(undefined, 'ES256')).toMatchObject({ kid: 'one' });
  published = { keys: [one.jwk, two.jwk, rsa.jwk] };
  await pass(300_000);
  expect(await set.find(undefined, 'ES256')).toBeUndefined();
  expect(await set.find(undefined, 'RS256')).toMatchObject({ kid: 'rsa' });
});

test('finds no key for a kid that no key has or that two keys share', async () => {
  published = { keys: [nameless.jwk, one.jwk, { ...two.jwk, kid: 'one' }] };
  const set = keySet();
  expect(await set.find('x', 'ES256')).toBeUndefined();
  expect(await set.find('one', 'ES256')).toBeUndefined();
  expect(await set.find('__proto__', 'ES256')).toBeUndefined();
});

test('merges entries with equal key material', async () => {
  published = { keys: [rsa.jwk, { ...rsa.jwk, alg: 'RS256' }, { ...rsa.jwk, kid: 'again' }, one.jwk] };
  const set = keySet();
  const found = await set.find('rsa', 'RS256');
  expect(found).toMatchObject({ kid: 'rsa' });
  expect(await set.find('rsa', 'PS256')).toBe(found);
  expect(await set.find('again', 'RS256')).toMatchObject({ kid: 'again' });
  expect(await set.find(undefined, 'RS256')).toBe(found);
  expect(states.at(-1)).toEqual({ ok: true, keys: 3 });
  published = { keys: [one.jwk, { ...rsa.jwk, kid: 'again' }, { ...rsa.jwk, alg: 'RS256' }, rsa.jwk] };
  await pass(300_000);
  expect(set.holds(found!)).toBe(true);
});

test.each([
  ['the same kid', 'one', { ...two.jwk, kid: 'one' }],
  ['no kid', undefined, two.jwk],
])('fetches a key that was replaced under %s when a signature does not match', async (_name, kid, jwk) => {
  const set = keySet();
  const before = await set.find(kid, 'ES256');
  published = { keys: [jwk] };
  const found = await Promise.all(
    Array.from({ length: 50 }, () => set.replacementFor(before!, kid, 'ES256')),
  );
  expect(found.every((key) => key !== undefined && key !== before && key === found[0])).toBe(true);
  expect(await set.find(kid, 'ES256')).toBe(found[0]);
  expect(await set.replacementFor(before!, kid, 'ES256')).toBe(found[0]);
  expect(fetches).toBe(2);
});

test('throttles fetches for signatures that do not match', async () => {
  const set = keySet();
  const key = await set.find('one', 'ES256');
  for (let second = 0; second < 30; second += 1) {
    for (let n = 0; n < 20; n += 1) expect(await set.replacementFor(key!, 'one', 'ES256')).toBeUndefined();
    await pass(1000);
  }
  expect(fetches).toBeLessThanOrEqual(7);
  failing = 'ECONNREFUSED';
  expect(await set.replacementFor(key!, 'one', 'ES256')).toBeUndefined();
  expect(await set.find('one', 'ES256')).toBe(key);
});

test('fetches for a token without a kid if several keys fit', async () => {
  published = { keys: [one.jwk, two.jwk] };
  const set = keySet();
  await pass(0);
  published = { keys: [nameless.jwk] };
  expect(await set.find(undefined, 'ES256')).toMatchObject({ kid: undefined });
});

test.each<[string, unknown]>([
  ['null', null],
  ['a list', []],
  ['an object without keys', {}],
  ['keys that are not a list', { keys: { 0: one.jwk } }],
  ['too many keys', { keys: Array.from({ length: 101 }, () => one.jwk) }],
])('keeps the known keys when the document is %s', async (_name, document) => {
  const set = keySet();
  await pass(0);
  published = document;
  await pass(300_000);
  expect(states.at(-1)).toMatchObject({ ok: false, keys: 1 });
  expect(await set.find('one', 'ES256')).toBeDefined();
});

test('drops all keys when the published set is empty', async () => {
  const set = keySet();
  await pass(0);
  published = { keys: [] };
  await pass(300_000);
  expect(await set.find('one', 'ES256')).toBeUndefined();
  expect(states.at(-1)).toEqual({ ok: true, keys: 0 });
});

test('close() aborts the fetch, and no further fetch or report follows', async () => {
  let aborted = false;
  const set = keySet({
    fetchJwks: (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(new Error('closed'));
        });
      }),
  });
  set.close();
  await pass(3_600_000);
  expect({ aborted, states }).toEqual({ aborted: true, states: [] });
});

test('a document that arrives just before close() is not reported', async () => {
  const set = keySet();
  set.close();
  await pass(0);
  expect(states).toEqual([]);
});

test('a token whose signature does not match waits at most a second for a slow issuer', async () => {
  let slow = false;
  const set = keySet({
    fetchJwks: () => (slow ? new Promise(() => {}) : Promise.resolve(published)),
  });
  const key = await set.find('one', 'ES256');
  slow = true;
  await pass(5000);
  let replacement: unknown = 'pending';
  void set.replacementFor(key!, 'one', 'ES256').then((found) => (replacement = found));
  await pass(900);
  expect(replacement).toBe('pending');
  await pass(200);
  expect(replacement).toBeUndefined();
});
