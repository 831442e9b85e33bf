import { one, scriptedJwks, two } from '../support/scripted-jwks.ts';

const { world, keySet, pass } = scriptedJwks();
const codeOf = (finding: Promise<unknown>) =>
  finding.then(
    (key) => (key ? 'found' : 'none'),
    (error: { code: string }) => error.code,
  );

test('fetches the key set when it is created, and find() waits for that fetch', async () => {
  const set = keySet();
  expect(await set.find('one', 'ES256')).toMatchObject({ kid: 'one' });
  expect(await set.find('one', 'ES256')).toBe(await set.find('one', 'ES256'));
  expect(world.fetches).toBe(1);
});

test('refreshes the key set in the background', async () => {
  const set = keySet();
  await pass(0);
  world.published = { keys: [one.jwk, two.jwk] };
  await pass(300_000);
  expect(world.fetches).toBe(2);
  expect(await set.find('two', 'ES256')).toBeDefined();
  expect(world.fetches).toBe(2);
});

test('shares one fetch between concurrent requests for an unknown key', async () => {
  const set = keySet();
  await pass(0);
  world.published = { keys: [two.jwk] };
  const found = await Promise.all(Array.from({ length: 50 }, () => set.find('two', 'ES256')));
  expect(found.every(Boolean)).toBe(true);
  expect(world.fetches).toBe(2);
});

test('throttles fetches for unknown key ids and still finds a new key', async () => {
  const set = keySet();
  await pass(0);
  await Promise.all(Array.from({ length: 200 }, (_, n) => set.find(`bad ${n}`, 'ES256')));
  for (let n = 0; n < 200; n += 1) expect(await set.find(`worse ${n}`, 'ES256')).toBeUndefined();
  expect(world.fetches).toBe(2);
  world.published = { keys: [one.jwk, two.jwk] };
  let foundAfter: number | undefined;
  for (let second = 1; second <= 30 && foundAfter === undefined; second += 1) {
    await pass(1000);
    for (let n = 0; n < 20; n += 1) await set.find(`bad ${second} ${n}`, 'ES256');
    if (await set.find('two', 'ES256')) foundAfter = second;
  }
  expect(foundAfter).toBeLessThanOrEqual(5);
  await pass(60_000);
  expect(world.fetches).toBeLessThanOrEqual(4);
});

test('does not fetch for an algorithm that is not allowed', async () => {
  const set = keySet();
  await pass(0);
  for (const algorithm of ['HS256', 'none', 'ES384', '__proto__'])
    expect(await set.find('x', algorithm)).toBeUndefined();
  expect(world.fetches).toBe(1);
});

test('keeps known keys and backs off while the issuer is down', async () => {
  const set = keySet();
  await pass(0);
  world.failing = 'ECONNREFUSED';
  await pass(300_000);
  expect(world.states.at(-1)).toEqual({ ok: false, reason: 'ECONNREFUSED', keys: 1 });
  await pass(24 * 3_600_000);
  expect(await set.find('one', 'ES256')).toBeDefined();
  expect(await codeOf(set.find('one', 'RS256'))).toBe('none');
  const before = world.fetches;
  await pass(60_000);
  expect(world.fetches - before).toBeLessThanOrEqual(3);
  world.failing = undefined;
  await pass(30_000);
  expect(world.states.at(-1)).toEqual({ ok: true, keys: 1 });
});

test('does not call a key unknown that could not be fetched', async () => {
  const set = keySet();
  await pass(0);
  expect(await codeOf(set.find('two', 'ES256'))).toBe('none');
  world.failing = 'HTTP_503';
  await pass(10_000);
  expect(await codeOf(set.find('two', 'ES256'))).toBe('UPSTREAM_UNAVAILABLE');
  // Nor while fetches are throttled.
  expect(await codeOf(set.find('two', 'ES256'))).toBe('UPSTREAM_UNAVAILABLE');
  expect(await codeOf(set.find('one', 'ES256'))).toBe('found');
  world.failing = undefined;
  await pass(30_000);
  expect(await codeOf(set.find('two', 'ES256'))).toBe('none');
});

test('throws UPSTREAM_UNAVAILABLE if the set is closed during the fetch for an unknown key', async () => {
  const set = keySet();
  await pass(0);
  await pass(10_000);
  const found = codeOf(set.find('two', 'ES256'));
  set.close();
  expect(await found).toBe('UPSTREAM_UNAVAILABLE');
});

test('throws UPSTREAM_UNAVAILABLE until the first fetch succeeds', async () => {
  world.failing = 'ECONNREFUSED';
  const set = keySet();
  expect(await codeOf(set.find('one', 'ES256'))).toBe('UPSTREAM_UNAVAILABLE');
  expect(await codeOf(set.find('one', 'ES256'))).toBe('UPSTREAM_UNAVAILABLE');
  expect(await codeOf(set.find('one', 'HS256'))).toBe('none');
  expect(world.fetches).toBeLessThanOrEqual(2);
  world.failing = undefined;
  await pass(30_000);
  expect(await codeOf(set.find('one', 'ES256'))).toBe('found');
});

test('throttles fetches for signatures that do not match', async () => {
  const set = keySet();
  const key = await set.find('one', 'ES256');
  for (let second = 0; second < 30; second += 1) {
    for (let n = 0; n < 20; n += 1) expect(await set.replacementFor(key!, 'one', 'ES256')).toBeUndefined();
    await pass(1000);
  }
  expect(world.fetches).toBeLessThanOrEqual(7);
  world.failing = 'ECONNREFUSED';
  expect(await set.replacementFor(key!, 'one', 'ES256')).toBeUndefined();
  expect(await set.find('one', 'ES256')).toBe(key);
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
  expect({ aborted, states: world.states }).toEqual({ aborted: true, states: [] });
});

test('a document that arrives just before close() is not reported', async () => {
  const set = keySet();
  set.close();
  await pass(0);
  expect(world.states).toEqual([]);
});

test('a token whose signature does not match waits at most a second for a slow issuer', async () => {
  let slow = false;
  const set = keySet({
    fetchJwks: () => (slow ? new Promise(() => {}) : Promise.resolve(world.published)),
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
