import { createPublicKey, type KeyObject } from 'node:crypto';
import { algorithmsOf, weaknessOfRsa } from './key-algorithms.ts';
import type { TokenKey } from './key-set.ts';

const MAX_KID_LENGTH = 256;
const BASE64URL = /^[A-Za-z0-9_-]{1,2048}$/;
/** RFC 7518 section 6.2.1: a coordinate takes the full size of the curve's field, in bytes. */
const COORDINATE_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

type Jwk = Readonly<Record<string, unknown>>;

/**
 * The public key of one JWK (RFC 7517), or undefined where it is none that may verify a token here: one for
 * another use, a symmetric or private one, a weak one, one whose `alg` is not its own or not allowed.
 */
export function readJwk(jwk: unknown, allowed: ReadonlySet<string>): TokenKey | undefined {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return undefined;
  const { kid, alg } = jwk as Jwk;
  if (!isForVerifying(jwk as Jwk)) return undefined;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH)) return undefined;
  const key = importKey(jwk as Jwk);
  if (!key || weaknessOfRsa(key) !== undefined) return undefined;
  const algorithms = algorithmsOf(key).filter(
    (name) => allowed.has(name) && (alg === undefined || alg === name),
  );
  return algorithms.length > 0 ? { kid, key, algorithms: new Set(algorithms) } : undefined;
}

/** RFC 7517 sections 4.2 and 4.3. A key that was published with its private half is everybody's. */
function isForVerifying(jwk: Jwk): boolean {
  if ('d' in jwk || 'k' in jwk) return false;
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return false;
  const operations = jwk['key_ops'];
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
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
    // A point that is not on its curve: as good as no key.
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
