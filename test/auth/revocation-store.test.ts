import { revocationList } from '../../src/auth/revocation-list.ts';
import {
  memoryRevocations,
  revocationOf,
  type RevocationRequest,
  type RevocationTimes,
} from '../../src/auth/revocation-store.ts';

const NOW = 1_795_000_000;
let nowS = NOW;
const times: RevocationTimes = { clockToleranceS: 5, maxLifetimeS: 3600, now: () => nowS * 1000 };
beforeEach(() => void (nowS = NOW));

const token = (more: { jti?: string; issuedAt?: number; subject?: string; issuer?: string } = {}) => ({
  caller: {
    issuer: more.issuer ?? 'issuer',
    subject: more.subject ?? 'user',
    org: '',
    member: '',
    scopes: new Set<string>(),
    tier: undefined,
  },
  jti: more.jti,
  issuedAt: more.issuedAt,
});
async function storeWith(requests: RevocationRequest[], options: Partial<RevocationTimes> = {}) {
  const store = memoryRevocations({ maxRevocations: 3, now: () => nowS * 1000 });
  for (const request of requests) await store.keep(revocationOf(request, { ...times, ...options }));
  return store;
}

test('a revocation by jti covers only that token, of any issuer or of one', async () => {
  const store = await storeWith([{ jti: 'a' }, { jti: 'b', iss: 'issuer' }]);
  expect(store.covers(token({ jti: 'a' }))).toBe(true);
  expect(store.covers(token({ jti: 'a', issuer: 'other' }))).toBe(true);
  expect(store.covers(token({ jti: 'b' }))).toBe(true);
  expect(store.covers(token({ jti: 'b', issuer: 'other' }))).toBe(false);
  expect(store.covers(token({ jti: 'c' }))).toBe(false);
  expect(store.covers(token({ subject: 'a' }))).toBe(false);
  expect(store.covers(token())).toBe(false);
});

test('a revocation by subject covers tokens issued until now plus the tolerance, or without iat', async () => {
  const store = await storeWith([{ sub: 'user' }]);
  expect(store.covers(token({ issuedAt: NOW - 100 }))).toBe(true);
  expect(store.covers(token({ issuedAt: NOW }))).toBe(true);
  expect(store.covers(token())).toBe(true);
  expect(store.covers(token({ issuedAt: NOW + 5 }))).toBe(true);
  expect(store.covers(token({ issuedAt: NOW + 6 }))).toBe(false);
  expect(store.covers(token({ subject: 'other' }))).toBe(false);
  expect(store.covers(token({ jti: 'user', subject: 'other' }))).toBe(false);
});

test.each([0, 0.25, 0.999])(
  'a revocation %d s into a second covers tokens issued in that second',
  async (fraction) => {
    nowS = NOW + fraction;
    const store = await storeWith([{ sub: 'user' }], { clockToleranceS: 0 });
    for (const issuedAt of [NOW, NOW + 0.0001, NOW + fraction, NOW + 0.9999])
      expect(store.covers(token({ issuedAt }))).toBe(true);
    expect(store.covers(token({ issuedAt: NOW + 1 }))).toBe(false);
  },
);

test('compares before and iat in whole seconds', async () => {
  const whole = await storeWith([{ sub: 'user', before: NOW - 50 }], { clockToleranceS: 0 });
  expect(whole.covers(token({ issuedAt: NOW - 49.001 }))).toBe(true);
  expect(whole.covers(token({ issuedAt: NOW - 49 }))).toBe(false);
  const fraction = await storeWith([{ sub: 'user', before: NOW - 49.5 }], { clockToleranceS: 0 });
  expect(fraction.covers(token({ issuedAt: NOW - 50 }))).toBe(true);
  expect(fraction.covers(token({ issuedAt: NOW - 49.001 }))).toBe(true);
  expect(fraction.covers(token({ issuedAt: NOW - 49 }))).toBe(false);
});

test('a revocation by subject can be limited to an issuer and a time', async () => {
  const store = await storeWith([{ sub: 'user', iss: 'issuer', before: NOW - 50 }]);
  expect(store.covers(token({ issuedAt: NOW - 50 }))).toBe(true);
  expect(store.covers(token({ issuedAt: NOW - 45 }))).toBe(true);
  expect(store.covers(token({ issuedAt: NOW - 44 }))).toBe(false);
  expect(store.covers(token({ issuedAt: NOW - 50, issuer: 'other' }))).toBe(false);
});

test('does not confuse the parts of issuer and value', async () => {
  const store = await storeWith([{ jti: 'a b' }, { jti: 'b', iss: 'jti a' }]);
  expect(store.covers(token({ jti: 'b', issuer: 'a' }))).toBe(false);
  expect(store.covers(token({ jti: 'b', issuer: 'jti' }))).toBe(false);
});

test('a second revocation of a subject does not shorten the first', async () => {
  const store = await storeWith([
    { sub: 'user', before: NOW },
    { sub: 'user', before: NOW - 100 },
  ]);
  expect(store.covers(token({ issuedAt: NOW }))).toBe(true);
});

test('keeps a revocation until the token expires, including the tolerance', async () => {
  const store = await storeWith([{ jti: 'a', exp: NOW + 10 }]);
  nowS = NOW + 15;
  expect(store.covers(token({ jti: 'a' }))).toBe(true);
  nowS = NOW + 16;
  expect(store.covers(token({ jti: 'a' }))).toBe(false);
});

test('keeps a revocation without exp for the longest lifetime of a token', async () => {
  const store = await storeWith([{ jti: 'a' }, { sub: 'user' }]);
  // A token issued by a clock 5 s ahead is accepted until 5 s after its exp.
  nowS = NOW + 3610;
  expect(store.covers(token({ jti: 'a' }))).toBe(true);
  expect(store.covers(token())).toBe(true);
  nowS = NOW + 3611;
  expect(store.covers(token({ jti: 'a' }))).toBe(false);
  expect(store.covers(token())).toBe(false);
});

test('keeps a revocation without exp forever if the token lifetime is unlimited', async () => {
  const store = await storeWith([{ jti: 'a' }, { sub: 'user' }], { maxLifetimeS: undefined });
  nowS = NOW + 1e9;
  expect(store.covers(token({ jti: 'a' }))).toBe(true);
  expect(store.covers(token())).toBe(true);
});

test('rejects a revocation when the list is full of active ones, and evicts expired ones', async () => {
  const store = await storeWith([{ jti: 'a' }, { jti: 'b', exp: NOW + 10 }, { jti: 'c' }]);
  const keep = (request: RevocationRequest) => store.keep(revocationOf(request, times));
  await expect(keep({ jti: 'd' })).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
  await keep({ jti: 'a' });
  nowS = NOW + 20;
  await keep({ jti: 'd' });
  expect(['a', 'c', 'd'].every((jti) => store.covers(token({ jti })))).toBe(true);
  await expect(keep({ jti: 'e' })).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
});

test('does not store an expired revocation', async () => {
  const store = await storeWith([
    { jti: 'a', exp: NOW - 10 },
    { jti: 'b', exp: 0 },
    { jti: 'c', exp: 1 },
    { jti: 'd', exp: 2 },
    { jti: 'e' },
  ]);
  expect(store.covers(token({ jti: 'a' }))).toBe(false);
  expect(store.covers(token({ jti: 'e' }))).toBe(true);
});

test('covers a token again when a clock that was ahead is set back', async () => {
  const store = await storeWith([{ jti: 'a', exp: NOW + 60 }, { sub: 'user' }]);
  const revoked = [token({ jti: 'a', subject: 'other' }), token({ issuedAt: NOW })];
  nowS = NOW + 36_000;
  expect(revoked.map((one) => store.covers(one))).toEqual([false, false]);
  nowS = NOW;
  expect(revoked.map((one) => store.covers(one))).toEqual([true, true]);
});

test('a full list is not searched for each revocation that there is no room for', () => {
  let asked = 0;
  let nowMs = 0;
  const list = revocationList({ maxRevocations: 1000, now: () => (asked += 1) && nowMs });
  const add = (value: number, until: number): boolean =>
    list.add({ by: 'jti', value: String(value), issuer: undefined, before: undefined, until });
  for (let value = 0; value < 1000; value += 1) add(value, 100 + value);
  asked = 0;
  for (let value = 1000; value < 1100; value += 1) expect(add(value, 5000)).toBe(false);
  expect(asked).toBeLessThan(1000);
  nowMs = 100_500;
  expect([add(1100, 5000), add(1101, 5000)]).toEqual([true, false]);
  nowMs = 102_500;
  expect([add(1102, 5000), add(1103, 5000), add(1104, 5000)]).toEqual([true, true, false]);
});
