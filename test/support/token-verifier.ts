import { createHmac, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { fixedKeySet, type TokenKey } from '../../src/auth/key-set.ts';
import type { ClaimNames } from '../../src/auth/trusted-issuers.ts';
import { tokenVerifier } from '../../src/auth/verify-token.ts';

/** The clock of every verifier. */
export const NOW = 1_795_000_000_000;
export const SECRET = 'Zp3vX1q8bN5mC7kL0jH2gF4dS6aQ9wErTyUiOp1A2b3c';
export const ORG = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
export const MEMBER = 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b';
export const EXP = NOW / 1000 + 60;
export const CLAIMS = {
  iss: 'issuer',
  aud: 'audience',
  sub: 'user',
  org_id: ORG,
  member_id: MEMBER,
  scope: 'contacts:read a',
  exp: EXP,
};

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const NAMES: ClaimNames = {
  org: 'org_id',
  member: 'member_id',
  tier: 'rate_tier',
  scopes: ['scope', 'scp', 'permissions'],
};

/** Creates a verifier of the tokens that these keys sign. */
export function verifierOf(
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
    knownScopes: new Set(['contacts:read', 'a', 'b', 'c']),
    now: () => NOW,
  });
}

export const hmacKey = { key: createSecretKey(SECRET, 'utf8'), algorithms: new Set(['HS256']) };
export const verify = verifierOf([
  hmacKey,
  { key: rsa.publicKey, algorithms: new Set(['RS256', 'PS256']) },
  { key: ec.publicKey, algorithms: new Set(['ES256']) },
]);

export const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs by hand, for headers and claims that libraries reject. */
export function hmac(
  header: object,
  claims: unknown,
  secret: string | Buffer = SECRET,
  hash = 'sha256',
): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/** Creates a token that is valid unless the changes make it invalid. */
export const token = (claims: object = {}, header: object = {}) =>
  hmac({ alg: 'HS256', typ: 'JWT', ...header }, { ...CLAIMS, ...claims });

/** Returns the code of the error, or `accepted`. */
export const codeOf = (text: string, with_ = verify): Promise<string> =>
  with_(text).then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  );
