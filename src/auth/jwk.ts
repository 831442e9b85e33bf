import { createPublicKey, type KeyObject } from 'node:crypto';
import { algorithmsOf, weaknessOfRsa } from './key-algorithms.ts';
import type { TokenKey } from './key-set.ts';

/** Maximum length of a key id, in keys and in tokens. */
export const MAX_KID_LENGTH = 256;
const BASE64URL = /^[A-Za-z0-9_-]{1,2048}$/;
/** The size of a coordinate in bytes: the full size of the curve's field (RFC 7518 section 6.2.1). */
const COORDINATE_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

type Jwk = Readonly<Record<string, unknown>>;

export type ExaminedJwk = { readonly usable: TokenKey } | { readonly unusable: string };

/**
 * Returns the public key of one JWK (RFC 7517), or undefined if it must not verify tokens here: when it is for
 * another use, symmetric, private or weak, or when its `alg` does not fit the key or is not allowed.
 */
export function readJwk(jwk: unknown, allowed: ReadonlySet<string>): TokenKey | undefined {
  const examined = examineJwk(jwk, allowed);
  return 'usable' in examined ? examined.usable : undefined;
}

/** Like `readJwk`, with the reason if a key is not used: text for the operator that never quotes the key. */
export function examineJwk(given: unknown, allowed: ReadonlySet<string>): ExaminedJwk {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return { unusable: 'is not a JWK' };
  // Some issuers write null for each member that a key does not have.
  const jwk: Jwk = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  const { kid, alg } = jwk;
  const otherUse = unusableAs(jwk);
  if (otherUse) return { unusable: otherUse };
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH))
    return { unusable: `has a kid that is not a string of at most ${MAX_KID_LENGTH} characters` };
  const key = importKey(jwk);
  if (!key) return { unusable: 'is not a well-formed RSA key or EC key on P-256, P-384 or P-521' };
  const weakness = weaknessOfRsa(key);
  if (weakness) return { unusable: weakness };
  const own = algorithmsOf(key).filter((name) => alg === undefined || alg === name);
  if (own.length === 0) return { unusable: 'has an alg that does not fit the key' };
  const algorithms = own.filter((name) => allowed.has(name));
  if (algorithms.length === 0) return { unusable: 'has no allowed algorithm' };
  return { usable: { kid, key, algorithms: new Set(algorithms) } };
}

/** Returns why a JWK must not verify tokens (RFC 7517 sections 4.2 and 4.3); undefined if it may. */
function unusableAs(jwk: Jwk): string | undefined {
  if ('k' in jwk) return 'is symmetric';
  if ('d' in jwk) return 'was published with its private half, so anyone can sign with it: replace it';
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return 'is for another use';
  const operations = jwk['key_ops'];
  if (operations === undefined || (Array.isArray(operations) && operations.includes('verify')))
    return undefined;
  return 'is not for verifying';
}

function importKey(jwk: Jwk): KeyObject | undefined {
  const { kty, n, e, crv, x, y } = jwk;
  try {
    if (kty === 'RSA' && isBase64url(n) && isBase64url(e)) {
      return createPublicKey({ key: { kty, n, e }, format: 'jwk' });
    }
    if (kty === 'EC' && isCoordinate(x, crv) && isCoordinate(y, crv)) {
      return createPublicKey({ key: { kty, crv: crv as string, x, y }, format: 'jwk' });
    }
  } catch {
    // A point that is not on its curve is treated as a missing key.
  }
  return undefined;
}

function isBase64url(value: unknown): value is string {
  return typeof value === 'string' && BASE64URL.test(value);
}

function isCoordinate(value: unknown, curve: unknown): value is string {
  const bytes = typeof curve === 'string' ? COORDINATE_BYTES[curve] : undefined;
  return isBase64url(value) && Buffer.from(value, 'base64url').length === bytes;
}
