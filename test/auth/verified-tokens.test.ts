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

test('a token is verified once, and gives its own caller', async () => {
  const verifyToken = remember();
  for (let n = 0; n < 3; n += 1) {
    expect((await verifyToken('a')).caller.subject).toBe('a');
    expect((await verifyToken('b')).caller.subject).toBe('b');
  }
  expect(verifications).toEqual(['a', 'b']);
});

test('until it has expired, with the tolerance and no longer', async () => {
  const verifyToken = remember();
  await verifyToken('a');
  nowS = NOW + 64;
  await verifyToken('a');
  expect(verifications).toHaveLength(1);
  nowS = NOW + 65;
  await verifyToken('a');
  expect(verifications).toHaveLength(2);
});

test('to the fraction of a second', async () => {
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

test('or its key has left', async () => {
  const verifyToken = remember();
  await verifyToken('a');
  held = false;
  await verifyToken('a');
  expect(verifications).toHaveLength(2);
});

test.each(['notBefore', 'issuedAt'])(
  'or a clock that was set back says that its %s is ahead',
  async (time) => {
    more = { [time]: NOW };
    const verifyToken = remember();
    await verifyToken('a');
    nowS = NOW - 6;
    await verifyToken('a');
    expect(verifications).toHaveLength(2);
  },
);

test('what was refused is not remembered, and takes nobody’s room', async () => {
  const verifyToken = remember();
  await verifyToken('a');
  for (let n = 0; n < 10; n += 1) await expect(verifyToken(`bad ${n}`)).rejects.toThrow('INVALID_TOKEN');
  await expect(verifyToken('bad 0')).rejects.toThrow('INVALID_TOKEN');
  await verifyToken('a');
  expect(verifications.filter((token) => token === 'a')).toHaveLength(1);
  expect(verifications.filter((token) => token === 'bad 0')).toHaveLength(2);
});

test('the number that is remembered is bounded; the one used longest ago goes', async () => {
  const verifyToken = remember(2);
  for (const token of ['a', 'b', 'a', 'c', 'a', 'b']) await verifyToken(token);
  expect(verifications).toEqual(['a', 'b', 'c', 'b']);
});

test('none at all where the number is 0', async () => {
  const verifyToken = remember(0);
  await verifyToken('a');
  await verifyToken('a');
  expect(verifications).toHaveLength(2);
});
