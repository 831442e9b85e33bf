import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { fixedKeySet, type TokenKey } from '../../src/auth/key-set.ts';
import { tokenVerifier } from '../../src/auth/verify-token.ts';
import {
  CLAIMS,
  EXP,
  MEMBER,
  NAMES,
  NOW,
  ORG,
  SECRET,
  codeOf,
  ec,
  encode,
  hmac,
  hmacKey,
  rsa,
  token,
  verifierOf,
  verify,
} from '../support/token-verifier.ts';

test('reads the caller from a valid token, with identifiers in lower case', async () => {
  const { caller } = await verify(token({ org_id: ORG.toUpperCase(), scp: ['b'], permissions: ['c', 7] }));
  expect(caller).toEqual({
    tier: undefined,
    issuer: 'issuer',
    subject: 'user',
    org: ORG,
    member: MEMBER,
    scopes: new Set(['contacts:read', 'a', 'b', 'c']),
  });
});

test('verifies RSA, PSS and EC signatures with the key of their family', async () => {
  expect(await codeOf(jwt.sign(CLAIMS, rsa.privateKey, { algorithm: 'RS256', noTimestamp: true }))).toBe(
    'accepted',
  );
  expect(await codeOf(jwt.sign(CLAIMS, rsa.privateKey, { algorithm: 'PS256', noTimestamp: true }))).toBe(
    'accepted',
  );
  expect(await codeOf(jwt.sign(CLAIMS, ec.privateKey, { algorithm: 'ES256', noTimestamp: true }))).toBe(
    'accepted',
  );
});

const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
const es256 = jwt.sign(CLAIMS, ec.privateKey, { algorithm: 'ES256', noTimestamp: true });
test.each<[string, string]>([
  ['an empty string', ''],
  ['text that is not a JWT', 'abc'],
  ['two segments', token().split('.').slice(0, 2).join('.')],
  ['five segments', `${token()}.a.b`],
  ['alg none', `${encode({ alg: 'none' })}.${encode(CLAIMS)}.`],
  ['alg None', `${encode({ alg: 'None' })}.${encode(CLAIMS)}.`],
  ['no alg', hmac({ typ: 'JWT' }, CLAIMS)],
  ['an alg that is not a string', hmac({ alg: ['HS256'] }, CLAIMS)],
  ['an algorithm that is not allowed', hmac({ alg: 'HS512' }, CLAIMS, SECRET, 'sha512')],
  ['another secret', hmac({ alg: 'HS256' }, CLAIMS, `${SECRET}x`)],
  ['the public key as the secret', hmac({ alg: 'HS256' }, CLAIMS, publicPem)],
  [
    'a key in its header',
    hmac(
      { alg: 'HS256', jwk: { kty: 'oct', k: Buffer.from('x'.repeat(32)).toString('base64url') } },
      CLAIMS,
      'x'.repeat(32),
    ),
  ],
  ['crit', token({}, { crit: ['exp'], exp: EXP })],
  ['b64', token({}, { b64: true })],
  ['another typ', token({}, { typ: 'logout+jwt' })],
  ['a typ that is not a string', token({}, { typ: 5 })],
  ['an ES signature that is too short', es256.slice(0, -10)],
  ['an ES signature that is too long', `${es256}AAAA`],
  ['a header that is a list', hmac([] as never, CLAIMS)],
  ['claims that are a string', hmac({ alg: 'HS256' }, 'hello')],
  ['claims that are a list', hmac({ alg: 'HS256' }, [CLAIMS])],
  ['no exp', token({ exp: undefined })],
  ['an exp that is a string', token({ exp: String(EXP) })],
  ['an exp that is null', token({ exp: null })],
  ['an nbf in the future', token({ nbf: EXP })],
  ['another issuer', token({ iss: 'other' })],
  ['a list of issuers', token({ iss: ['issuer'] })],
  ['no issuer', token({ iss: undefined })],
  ['another audience', token({ aud: 'other' })],
  ['no audience', token({ aud: undefined })],
  ['no subject', token({ sub: undefined })],
  ['an empty subject', token({ sub: '' })],
  ['a subject that is an object', token({ sub: { a: 1 } })],
  ['a subject that is too long', token({ sub: 'x'.repeat(257) })],
  ['a subject with a line end', token({ sub: 'user\nuser' })],
  ['a subject with a lone surrogate', token({ sub: 'user\ud800' })],
  ['a jti that is not a string', token({ jti: 7 })],
  ['a jti with a line end', token({ jti: 'a\nb' })],
  ['a kid that is not a string', token({}, { kid: ['a'] })],
  ['a kid of 257 characters', token({}, { kid: 'k'.repeat(257) })],
  ['no organization', token({ org_id: undefined })],
  ['an organization in a list', token({ org_id: [ORG] })],
  ['an organization that is not a UUID', token({ org_id: `${ORG}:x` })],
  ['an organization with a line end', token({ org_id: `${ORG}\n` })],
  ['a member that is an object', token({ member_id: { toString: MEMBER } })],
  ['a member that is not a UUID', token({ member_id: '*' })],
])('rejects %s with INVALID_TOKEN', async (_name, text) => {
  expect(await codeOf(text)).toBe('INVALID_TOKEN');
});

test('rejects an expired token with EXPIRED_TOKEN only after the tolerance', async () => {
  expect(await codeOf(token({ exp: NOW / 1000 - 4 }))).toBe('accepted');
  expect(await codeOf(token({ exp: NOW / 1000 - 6 }))).toBe('EXPIRED_TOKEN');
  expect(await codeOf(hmac({ alg: 'HS256' }, { ...CLAIMS, exp: 1 }, 'another'))).toBe('INVALID_TOKEN');
});

test.each(['jwt', 'JWT', 'at+jwt', 'application/at+jwt'])('accepts typ %s', async (typ) => {
  expect(await codeOf(token({}, { typ }))).toBe('accepted');
});

test('does not read an inherited property as a claim', async () => {
  const odd = verifierOf([hmacKey], { org: 'constructor' });
  expect(await codeOf(token(), odd)).toBe('INVALID_TOKEN');
  expect(await codeOf(token({ constructor: ORG }), odd)).toBe('accepted');
});

test('a token cannot choose the algorithm of a key', async () => {
  const onlyRsa = verifierOf([{ key: createPublicKey(publicPem), algorithms: new Set(['RS256']) }]);
  expect(await codeOf(token(), onlyRsa)).toBe('INVALID_TOKEN');
  expect(
    await codeOf(jwt.sign(CLAIMS, rsa.privateKey, { algorithm: 'PS256', noTimestamp: true }), onlyRsa),
  ).toBe('INVALID_TOKEN');
});

const signed = (claims: object = {}) =>
  jwt.sign({ ...CLAIMS, ...claims }, rsa.privateKey, {
    algorithm: 'RS256',
    keyid: 'a',
    noTimestamp: !('iat' in claims),
  });

describe('a key that was replaced under the same kid', () => {
  const [older, newer] = [rsa, generateKeyPairSync('rsa', { modulusLength: 2048 })].map(
    ({ publicKey }): TokenKey => ({ kid: 'a', key: publicKey, algorithms: new Set(['RS256']) }),
  );
  let lookups: unknown[];
  const verifierWithReplacement = (known: TokenKey, replacement: TokenKey | undefined) => {
    lookups = [];
    const keys = {
      ...fixedKeySet([known]),
      replacementFor: async (...args: unknown[]) => {
        lookups.push(args);
        return replacement;
      },
    };
    const issuer = { issuer: 'issuer', audience: 'audience', claims: NAMES, tier: undefined, keys };
    return tokenVerifier({
      issuers: { of: () => issuer },
      clockToleranceS: 5,
      maxLifetimeS: undefined,
      knownScopes: new Set(),
      now: () => NOW,
    });
  };

  test('verifies a token whose signature did not match the old one', async () => {
    const verifyToken = verifierWithReplacement(newer!, older);
    expect((await verifyToken(signed())).key).toBe(older);
    expect(lookups).toEqual([[newer, 'a', 'RS256']]);
    expect(await codeOf(signed({ exp: 1 }), verifyToken)).toBe('EXPIRED_TOKEN');
  });

  test('is looked up once per token, and only if the signature does not match', async () => {
    expect(await codeOf(signed(), verifierWithReplacement(newer!, undefined))).toBe('INVALID_TOKEN');
    expect(await codeOf(signed(), verifierWithReplacement(newer!, newer))).toBe('INVALID_TOKEN');
    expect(lookups).toHaveLength(1);
    const current = verifierWithReplacement(older!, undefined);
    for (const claims of [{ exp: 1 }, { aud: 'other' }, { nbf: EXP }, { sub: '' }, { iat: NOW }])
      expect(await codeOf(signed(claims), current)).not.toBe('accepted');
    expect(lookups).toEqual([]);
  });
});

const scopesOf = async (claims: object) =>
  (await verify(token({ scope: undefined, ...claims }))).caller.scopes;

test('finds a scope among 1,500 others', async () => {
  const others = Array.from({ length: 1500 }, (_, n) => `s${n}`);
  expect([...(await scopesOf({ permissions: [...others, 'contacts:read'] }))]).toEqual(['contacts:read']);
  expect(await scopesOf({ scope: others.join(' '), permissions: ['contacts:read'] })).toContain(
    'contacts:read',
  );
});

const tierOf = async (tier: unknown, with_ = verify) => (await with_(token({ rate_tier: tier }))).caller.tier;

test('reads the tier from a valid claim unless the issuer has its own tier', async () => {
  expect(await tierOf('internal')).toBe('internal');
  for (const tier of [undefined, '', 'a b', 'a\nb', 'x'.repeat(65), 7, ['internal'], { a: 1 }]) {
    expect(await tierOf(tier)).toBeUndefined();
  }
  expect(await tierOf('internal', verifierOf([hmacKey], {}, { tier: 'users' }))).toBe('users');
});
