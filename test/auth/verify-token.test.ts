import { createHmac, createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { fixedKeySet, type TokenKey } from '../../src/auth/key-set.ts';
import type { ClaimNames } from '../../src/auth/trusted-issuers.ts';
import { tokenVerifier } from '../../src/auth/verify-token.ts';

const NOW = 1_795_000_000_000;
const SECRET = 'Zp3vX1q8bN5mC7kL0jH2gF4dS6aQ9wErTyUiOp1A2b3c';
const ORG = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
const MEMBER = 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b';
const EXP = NOW / 1000 + 60;
const CLAIMS = {
  iss: 'issuer',
  aud: 'audience',
  sub: 'user',
  org_id: ORG,
  member_id: MEMBER,
  scope: 'contacts:read a',
  exp: EXP,
};

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const NAMES: ClaimNames = {
  org: 'org_id',
  member: 'member_id',
  tier: 'rate_tier',
  scopes: ['scope', 'scp', 'permissions'],
};
function verifierOf(
  keys: readonly Omit<TokenKey, 'kid'>[],
  names: Partial<ClaimNames> = {},
  more: { readonly tier?: string; readonly maxLifetimeS?: number } = {},
) {
  const issuer = {
    issuer: 'issuer',
    audience: 'audience',
    claims: { ...NAMES, ...names },
    tier: more.tier,
    keys: fixedKeySet(keys.map((key) => ({ kid: undefined, ...key }))),
  };
  return tokenVerifier({
    issuers: { of: () => issuer },
    clockToleranceS: 5,
    maxLifetimeS: more.maxLifetimeS,
    now: () => NOW,
  });
}
const hmacKey = { key: createSecretKey(SECRET, 'utf8'), algorithms: new Set(['HS256']) };
const verify = verifierOf([
  hmacKey,
  { key: rsa.publicKey, algorithms: new Set(['RS256', 'PS256']) },
  { key: ec.publicKey, algorithms: new Set(['ES256']) },
]);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
function hmac(header: object, claims: unknown, secret: string | Buffer = SECRET, hash = 'sha256'): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}
const token = (claims: object = {}, header: object = {}) =>
  hmac({ alg: 'HS256', typ: 'JWT', ...header }, { ...CLAIMS, ...claims });
const codeOf = (text: string, with_ = verify): Promise<string> =>
  with_(text).then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  );

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

describe('a key that was replaced under the same kid', () => {
  const [older, newer] = [rsa, generateKeyPairSync('rsa', { modulusLength: 2048 })].map(
    ({ publicKey }): TokenKey => ({ kid: 'a', key: publicKey, algorithms: new Set(['RS256']) }),
  );
  const signed = (claims: object = {}) =>
    jwt.sign({ ...CLAIMS, ...claims }, rsa.privateKey, {
      algorithm: 'RS256',
      keyid: 'a',
      noTimestamp: !('iat' in claims),
    });
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
  expect(await scopesOf({ permissions: [...others, 'contacts:read'] })).toContain('contacts:read');
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

test('with a maximum lifetime, rejects tokens that live longer or have no iat', async () => {
  const short = verifierOf([hmacKey], {}, { maxLifetimeS: 3600 });
  const iat = NOW / 1000 - 1000;
  expect(await codeOf(token({ iat, exp: iat + 3600 }), short)).toBe('accepted');
  expect(await codeOf(token({ iat, exp: iat + 3601 }), short)).toBe('INVALID_TOKEN');
  expect(await codeOf(token({ exp: EXP }), short)).toBe('INVALID_TOKEN');
  expect(await codeOf(token({ exp: EXP + 1e9 }))).toBe('accepted');
});

test('compares the lifetime in whole seconds, because some issuers truncate iat alone', async () => {
  const short = verifierOf([hmacKey], {}, { maxLifetimeS: 3600 });
  const iat = NOW / 1000 - 1000;
  expect(await codeOf(token({ iat, exp: iat + 3600.9 }), short)).toBe('accepted');
  expect(await codeOf(token({ iat: iat + 0.9, exp: iat + 3601 }), short)).toBe('INVALID_TOKEN');
});

test('an iat in the future cannot evade the maximum lifetime', async () => {
  const short = verifierOf([hmacKey], {}, { maxLifetimeS: 3600 });
  const nowS = NOW / 1000;
  for (const ahead of [6, 3600, 31_536_000])
    expect(await codeOf(token({ iat: nowS + ahead, exp: nowS + ahead + 60 }), short)).toBe('INVALID_TOKEN');
  expect(await codeOf(token({ iat: nowS + 5, exp: nowS + 3605 }), short)).toBe('accepted');
});

/** Creates a token with a claim of literal JSON, because JSON allows spellings that JavaScript never writes. */
function spelled(claim: string, json: string): string {
  const marked = JSON.stringify({ ...CLAIMS, [claim]: 'HERE' }).replace('"HERE"', json);
  const input = `${encode({ alg: 'HS256' })}.${Buffer.from(marked).toString('base64url')}`;
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
}
const NOW_S = NOW / 1000;
const IMPLAUSIBLE = [
  '1e400',
  '-1e400',
  '-1',
  '1e300',
  String(NOW),
  'null',
  'true',
  '""',
  `"${NOW_S}"`,
  '[1]',
  '{}',
];

test.each(['iat', 'nbf', 'exp'])('rejects an implausible time in %s', async (claim) => {
  for (const json of IMPLAUSIBLE)
    expect([json, await codeOf(spelled(claim, json))]).toEqual([
      json,
      claim === 'exp' && json.startsWith('-') ? 'EXPIRED_TOKEN' : 'INVALID_TOKEN',
    ]);
});

test.each([
  ['iat', [`${NOW_S / 1e9}E9`, `${NOW_S}.75`, `${NOW_S + 5}`, `${NOW_S + 4.999}`, '0']],
  ['nbf', [`${NOW_S / 1e9}e9`, `${NOW_S - 1}.75`, `${NOW_S + 5}`, '0']],
  ['exp', [`${(NOW_S + 600) / 1e9}E9`, `${NOW_S - 4.9}`, '9999999999', '253402300799']],
])('accepts fractions, exponents and times within the tolerance in %s', async (claim, all) => {
  for (const json of all) expect([json, await codeOf(spelled(claim, json))]).toEqual([json, 'accepted']);
});

test.each([
  ['iat', NOW_S + 5.1, 'INVALID_TOKEN'],
  ['nbf', NOW_S + 5.1, 'INVALID_TOKEN'],
  ['exp', NOW_S - 5.1, 'EXPIRED_TOKEN'],
  ['exp', NOW_S - 5, 'EXPIRED_TOKEN'],
])('rejects a time outside the tolerance by a fraction of a second in %s', async (claim, time, code) => {
  expect(await codeOf(token({ [claim]: time }))).toBe(code);
});
