import { newKey } from '../support/issuer.ts';
import { one, scriptedJwks, two } from '../support/scripted-jwks.ts';

const rsa = newKey('rsa', 'RS256');
const nameless = newKey(undefined);
const { world, keySet, pass } = scriptedJwks();

test('drops a removed key and keeps the object of an unchanged key', async () => {
  world.published = { keys: [one.jwk, two.jwk] };
  const set = keySet();
  const [first, second] = [await set.find('one', 'ES256'), await set.find('two', 'ES256')];
  world.published = { keys: [{ ...two.jwk, extra: 'member' }] };
  await pass(300_000);
  expect(set.holds(first!)).toBe(false);
  expect(set.holds(second!)).toBe(true);
  expect(await set.find('two', 'ES256')).toBe(second);
});

test('treats a key with the same kid but other material or algorithms as a new key', async () => {
  world.published = { keys: [rsa.jwk] };
  const set = keySet();
  const before = await set.find('rsa', 'RS256');
  world.published = { keys: [{ ...rsa.jwk, alg: 'PS256' }] };
  await pass(300_000);
  expect(set.holds(before!)).toBe(false);
  expect(await set.find('rsa', 'RS256')).toBeUndefined();
  world.published = { keys: [{ ...newKey('rsa', 'RS256').jwk }] };
  const other = await set.find('rsa', 'PS256');
  await pass(300_000);
  expect(set.holds(other!)).toBe(false);
});

test('finds a key for a token without a kid only if exactly one key fits', async () => {
  world.published = { keys: [one.jwk, rsa.jwk] };
  const set = keySet();
  expect(await set.find(undefined, 'ES256')).toMatchObject({ kid: 'one' });
  world.published = { keys: [one.jwk, two.jwk, rsa.jwk] };
  await pass(300_000);
  expect(await set.find(undefined, 'ES256')).toBeUndefined();
  expect(await set.find(undefined, 'RS256')).toMatchObject({ kid: 'rsa' });
});

test('finds no key for a kid that no key has or that two keys share', async () => {
  world.published = { keys: [nameless.jwk, one.jwk, { ...two.jwk, kid: 'one' }] };
  const set = keySet();
  expect(await set.find('x', 'ES256')).toBeUndefined();
  expect(await set.find('one', 'ES256')).toBeUndefined();
  expect(await set.find('__proto__', 'ES256')).toBeUndefined();
});

test('merges entries with equal key material', async () => {
  world.published = { keys: [rsa.jwk, { ...rsa.jwk, alg: 'RS256' }, { ...rsa.jwk, kid: 'again' }, one.jwk] };
  const set = keySet();
  const found = await set.find('rsa', 'RS256');
  expect(found).toMatchObject({ kid: 'rsa' });
  expect(await set.find('rsa', 'PS256')).toBe(found);
  expect(await set.find('again', 'RS256')).toMatchObject({ kid: 'again' });
  expect(await set.find(undefined, 'RS256')).toBe(found);
  expect(world.states.at(-1)).toEqual({ ok: true, keys: 3 });
  world.published = { keys: [one.jwk, { ...rsa.jwk, kid: 'again' }, { ...rsa.jwk, alg: 'RS256' }, rsa.jwk] };
  await pass(300_000);
  expect(set.holds(found!)).toBe(true);
});

test.each([
  ['the same kid', 'one', { ...two.jwk, kid: 'one' }],
  ['no kid', undefined, two.jwk],
])('fetches a key that was replaced under %s when a signature does not match', async (_name, kid, jwk) => {
  const set = keySet();
  const before = await set.find(kid, 'ES256');
  world.published = { keys: [jwk] };
  const found = await Promise.all(
    Array.from({ length: 50 }, () => set.replacementFor(before!, kid, 'ES256')),
  );
  expect(found.every((key) => key !== undefined && key !== before && key === found[0])).toBe(true);
  expect(await set.find(kid, 'ES256')).toBe(found[0]);
  expect(await set.replacementFor(before!, kid, 'ES256')).toBe(found[0]);
  expect(world.fetches).toBe(2);
});

test('fetches for a token without a kid if several keys fit', async () => {
  world.published = { keys: [one.jwk, two.jwk] };
  const set = keySet();
  await pass(0);
  world.published = { keys: [nameless.jwk] };
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
  world.published = document;
  await pass(300_000);
  expect(world.states.at(-1)).toMatchObject({ ok: false, keys: 1 });
  expect(await set.find('one', 'ES256')).toBeDefined();
});

test('drops all keys when the published set is empty', async () => {
  const set = keySet();
  await pass(0);
  world.published = { keys: [] };
  await pass(300_000);
  expect(await set.find('one', 'ES256')).toBeUndefined();
  expect(world.states.at(-1)).toEqual({ ok: true, keys: 0 });
});
