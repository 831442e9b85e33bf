import { createSecretKey } from 'node:crypto';
import { fixedKeySet } from '../../src/auth/key-set.ts';
import { rememberVerified } from '../../src/auth/verified-tokens.ts';
import type { VerifiedToken } from '../../src/auth/verify-token.ts';
import { AppError } from '../../src/errors.ts';

const NOW = 1_795_000_000;
let nowS: number;
let verifications: string[];
let held: boolean;
let more: Partial<VerifiedToken>;

const key = {
  kid: undefined,
  key: createSecretKey(Buffer.alloc(32)),
  algorithms: new Set(['HS256']),
};
const issuer = {
  issuer: 'issuer',
  audience: undefined,
  claims: { org: 'o', member: 'm', tier: 't', scopes: [] },
  tier: undefined,
  keys: { ...fixedKeySet([key]), holds: () => held },
};
async function verify(token: string): Promise<VerifiedToken> {
  verifications.push(token);
  if (token.startsWith('bad')) throw new AppError('INVALID_TOKEN');
  const caller = {
    issuer: 'issuer',
    subject: token,
    org: '',
    member: '',
    scopes: new Set<string>(),
    tier: undefined,
  };
  return {
    caller,
    jti: undefined,
    issuedAt: undefined,
    notBefore: undefined,
    expiresAt: NOW + 60,
    key,
    issuer,
    ...more,
  };
}
const remember = (maxTokens = 3) =>
  rememberVerified(verify, { maxTokens, clockToleranceS: 5, now: () => nowS * 1000 });

beforeEach(() => {
  [nowS, verifications, held, more] = [NOW, [], true, {}];
});

test('verifies a token once and returns its own caller', async () => {
  const verifyToken = remember();
  for (let n = 0; n < 3; n += 1) {
    expect((await verifyToken('a')).caller.subject).toBe('a');
    expect((await verifyToken('b')).caller.subject).toBe('b');
  }
  expect(verifications).toEqual(['a', 'b']);
});

test('caches a token until it expires, including the tolerance', async () => {
  const verifyToken = remember();
  await verifyToken('a');
  nowS = NOW + 64;
  await verifyToken('a');
  expect(verifications).toHaveLength(1);
  nowS = NOW + 65;
  await verifyToken('a');
  expect(verifications).toHaveLength(2);
});

test('caches a token to the fraction of a second of its exp', async () => {
  more = { expiresAt: NOW + 60.5 };
  const verifyToken = remember();
  await verifyToken('a');
  nowS = NOW + 65.4;
  await verifyToken('a');
  expect(verifications).toHaveLength(1);
  nowS = NOW + 65.6;
  await verifyToken('a');
  expect(verifications).toHaveLength(2);
});

test('verifies a token again when its key has left the set', async () => {
  const verifyToken = remember();
  await verifyToken('a');
  held = false;
  await verifyToken('a');
  expect(verifications).toHaveLength(2);
});

test.each(['notBefore', 'issuedAt'])(
  'verifies a token again when a clock that was set back makes its %s lie in the future',
  async (time) => {
    more = { [time]: NOW };
    const verifyToken = remember();
    await verifyToken('a');
    nowS = NOW - 6;
    await verifyToken('a');
    expect(verifications).toHaveLength(2);
  },
);

test('does not cache a rejected token, so that it evicts no valid one', async () => {
  const verifyToken = remember();
  await verifyToken('a');
  for (let n = 0; n < 10; n += 1) await expect(verifyToken(`bad ${n}`)).rejects.toThrow('INVALID_TOKEN');
  await expect(verifyToken('bad 0')).rejects.toThrow('INVALID_TOKEN');
  await verifyToken('a');
  expect(verifications.filter((token) => token === 'a')).toHaveLength(1);
  expect(verifications.filter((token) => token === 'bad 0')).toHaveLength(2);
});

test('evicts the least recently used token when the cache is full', async () => {
  const verifyToken = remember(2);
  for (const token of ['a', 'b', 'a', 'c', 'a', 'b']) await verifyToken(token);
  expect(verifications).toEqual(['a', 'b', 'c', 'b']);
});

test('caches nothing if maxTokens is 0', async () => {
  const verifyToken = remember(0);
  await verifyToken('a');
  await verifyToken('a');
  expect(verifications).toHaveLength(2);
});
