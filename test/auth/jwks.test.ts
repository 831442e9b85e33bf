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

test('is fetched at once, and a token that comes meanwhile waits for it', async () => {
  const set = keySet();
  expect(await set.find('one', 'ES256')).toMatchObject({ kid: 'one' });
  expect(await set.find('one', 'ES256')).toBe(await set.find('one', 'ES256'));
  expect(fetches).toBe(1);
});

test('is fetched again in the background, before anything asks', async () => {
  const set = keySet();
  await pass(0);
  published = { keys: [one.jwk, two.jwk] };
  await pass(300_000);
  expect(fetches).toBe(2);
  expect(await set.find('two', 'ES256')).toBeDefined();
  expect(fetches).toBe(2);
});

test('an unknown key is asked for at once, by all who name one together', async () => {
  const set = keySet();
  await pass(0);
  published = { keys: [two.jwk] };
  const found = await Promise.all(Array.from({ length: 50 }, () => set.find('two', 'ES256')));
  expect(found.every(Boolean)).toBe(true);
  expect(fetches).toBe(2);
});

test('invented names reach the issuer at a bounded rate, and do not keep a new key from being learned', async () => {
  const set = keySet();
  await pass(0);
  await Promise.all(Array.from({ length: 200 }, (_, n) => set.find(`bad ${n}`, 'ES256')));
  for (let n = 0; n < 200; n += 1) expect(await set.find(`worse ${n}`, 'ES256')).toBeUndefined();
  expect(fetches).toBe(2);
  published = { keys: [one.jwk, two.jwk] };
  let learnedAfter: number | undefined;
  for (let second = 1; second <= 30 && learnedAfter === undefined; second += 1) {
    await pass(1000);
    for (let n = 0; n < 20; n += 1) await set.find(`bad ${second} ${n}`, 'ES256');
    if (await set.find('two', 'ES256')) learnedAfter = second;
  }
  expect(learnedAfter).toBeLessThanOrEqual(5);
  await pass(60_000);
  expect(fetches).toBeLessThanOrEqual(4);
});

test('algorithms that no key of it may verify ask for nothing', async () => {
  const set = keySet();
  await pass(0);
  for (const algorithm of ['HS256', 'none', 'ES384', '__proto__'])
    expect(await set.find('x', algorithm)).toBeUndefined();
  expect(fetches).toBe(1);
});

test('known keys serve on while the issuer is down, and it is asked again ever more slowly', async () => {
  const set = keySet();
  await pass(0);
  failing = 'ECONNREFUSED';
  await pass(300_000);
  expect(states.at(-1)).toEqual({ ok: false, reason: 'ECONNREFUSED', keys: 1 });
  await pass(24 * 3_600_000);
  expect(await set.find('one', 'ES256')).toBeDefined();
  expect(await codeOf(set.find('two', 'ES256'))).toBe('none');
  const asked = fetches;
  await pass(60_000);
  expect(fetches - asked).toBeLessThanOrEqual(3);
  failing = undefined;
  await pass(30_000);
  expect(states.at(-1)).toEqual({ ok: true, keys: 1 });
});

test('with no key ever fetched nothing is said of a token, until there is one', async () => {
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

test('a key that left is held no more; one that stayed is the same object', async () => {
  published = { keys: [one.jwk, two.jwk] };
  const set = keySet();
  const [first, second] = [await set.find('one', 'ES256'), await set.find('two', 'ES256')];
  published = { keys: [{ ...two.jwk, extra: 'member' }] };
  await pass(300_000);
  expect(set.holds(first!)).toBe(false);
  expect(set.holds(second!)).toBe(true);
  expect(await set.find('two', 'ES256')).toBe(second);
});

test('another key under the same name, or the same with fewer algorithms, is another', async () => {
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

test('without a name a token is verified where exactly one key fits', async () => {
  published = { keys: [one.jwk, rsa.jwk] };
  const set = keySet();
  expect(await set.find(undefined, 'ES256')).toMatchObject({ kid: 'one' });
  published = { keys: [one.jwk, two.jwk, rsa.jwk] };
  await pass(300_000);
  expect(await set.find(undefined, 'ES256')).toBeUndefined();
  expect(await set.find(undefined, 'RS256')).toMatchObject({ kid: 'rsa' });
});

test('a name is never taken for a key that has none, nor for two that share it', async () => {
  published = { keys: [nameless.jwk, one.jwk, { ...two.jwk, kid: 'one' }] };
  const set = keySet();
  expect(await set.find('x', 'ES256')).toBeUndefined();
  expect(await set.find('one', 'ES256')).toBeUndefined();
  expect(await set.find('__proto__', 'ES256')).toBeUndefined();
});

test('equal key material is one key, however often it is listed', async () => {
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
  ['its old name', 'one', { ...two.jwk, kid: 'one' }],
  ['no name', undefined, two.jwk],
])('a key that was replaced under %s is learned when a signature does not match', async (_name, kid, jwk) => {
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

test('signatures that do not match reach the issuer at a bounded rate', async () => {
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

test('keys without names that were replaced are learned, although several fitted before', async () => {
  published = { keys: [one.jwk, two.jwk] };
  const set = keySet();
  await pass(0);
  published = { keys: [nameless.jwk] };
  expect(await set.find(undefined, 'ES256')).toMatchObject({ kid: undefined });
});

test.each<[string, unknown]>([
  ['null', null],
  ['a list', []],
  ['no keys', {}],
  ['keys that are no list', { keys: { 0: one.jwk } }],
  ['too many keys', { keys: Array.from({ length: 101 }, () => one.jwk) }],
])('%s is no key set, and changes nothing', async (_name, document) => {
  const set = keySet();
  await pass(0);
  published = document;
  await pass(300_000);
  expect(states.at(-1)).toMatchObject({ ok: false, keys: 1 });
  expect(await set.find('one', 'ES256')).toBeDefined();
});

test('an empty set is a set: its issuer has withdrawn every key', async () => {
  const set = keySet();
  await pass(0);
  published = { keys: [] };
  await pass(300_000);
  expect(await set.find('one', 'ES256')).toBeUndefined();
  expect(states.at(-1)).toEqual({ ok: true, keys: 0 });
});

test('closed, it asks no more and tells nothing', async () => {
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
