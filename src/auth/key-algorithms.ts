import { createPublicKey, type KeyObject } from 'node:crypto';

/** The algorithms of RFC 7518 section 3.1 by key family, without `none`. */
export const HMAC_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
const RSA_PSS = ['PS256', 'PS384', 'PS512'] as const;
const BY_CURVE: Readonly<Record<string, readonly JwtAlgorithm[]>> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};
export const PUBLIC_KEY_ALGORITHMS = [...RSA, 'ES256', 'ES384', 'ES512'] as const;
export const ALGORITHMS = [...HMAC_ALGORITHMS, ...PUBLIC_KEY_ALGORITHMS] as const;
export type JwtAlgorithm = (typeof ALGORITHMS)[number];

const MIN_RSA_BITS = 2048;
/** The cost of a verification grows faster than the square of the key length. */
const MAX_RSA_BITS = 8192;

/**
 * Returns the algorithms of an RSA key's family, or the one that the parameters of an RSASSA-PSS key or the curve
 * of an EC key allow; empty for any other key.
 */
export function algorithmsOf(key: KeyObject): readonly JwtAlgorithm[] {
  if (key.asymmetricKeyType === 'rsa') return RSA;
  if (key.asymmetricKeyType === 'rsa-pss') return RSA_PSS.filter((name) => isFor(name, key));
  if (key.asymmetricKeyType !== 'ec') return [];
  return BY_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? [];
}

/** Returns whether the parameters of an RSASSA-PSS key (RFC 4055) are those of the algorithm (RFC 7518 section 3.5). */
function isFor(algorithm: (typeof RSA_PSS)[number], key: KeyObject): boolean {
  const { hashAlgorithm, mgf1HashAlgorithm, saltLength = 0 } = key.asymmetricKeyDetails ?? {};
  const bits = Number(algorithm.slice(2));
  return hashAlgorithm === `sha${bits}` && mgf1HashAlgorithm === hashAlgorithm && saltLength <= bits / 8;
}

/** Returns why an RSA public key is unsafe to trust, as text for the operator; undefined if it is sound. */
export function weaknessOfRsa(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'rsa-pss') return undefined;
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS) return `is an RSA key of under ${MIN_RSA_BITS} bits`;
  if (modulusLength > MAX_RSA_BITS) return `is an RSA key of over ${MAX_RSA_BITS} bits`;
  // If the exponent is 1, every message is its own signature.
  if (publicExponent < 3n || publicExponent % 2n === 0n)
    return 'is an RSA key with an invalid public exponent';
  if (isInfineonKey(key)) return 'is an RSA key that can be factored (CVE-2017-15361)';
  return undefined;
}

const FINGERPRINT_PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/**
 * Detects keys of CVE-2017-15361, which are powers of 65537 modulo every small prime. A sound key matches with
 * a probability of 2^-27.
 */
function isInfineonKey(key: KeyObject): boolean {
  const { n } = asPlainRsa(key).export({ format: 'jwk' });
  const modulus = BigInt(`0x${Buffer.from(String(n), 'base64url').toString('hex')}`);
  return FINGERPRINT_PRIMES.every((prime) => isPowerOf65537(Number(modulus % BigInt(prime)), prime));
}

/** Drops the parameters of an RSASSA-PSS key (RFC 4055), because such a key cannot be exported as a JWK. */
function asPlainRsa(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'rsa') return key;
  // RFC 5280 section 4.1: SEQUENCE of the algorithm and a BIT STRING, whose first byte counts unused bits.
  const info = contentAt(key.export({ type: 'spki', format: 'der' }), 0).content;
  const bits = contentAt(info, contentAt(info, 0).end).content;
  return createPublicKey({ key: bits.subarray(1), type: 'pkcs1', format: 'der' });
}

/** Reads one DER element (X.690 section 8.1). */
function contentAt(der: Buffer, at: number): { content: Buffer; end: number } {
  const first = der[at + 1]!;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  const begin = at + 2 + lengthBytes;
  const end = begin + (lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes));
  return { content: der.subarray(begin, end), end };
}

function isPowerOf65537(residue: number, prime: number): boolean {
  let power = 1;
  do {
    if (power === residue) return true;
    power = (power * 65_537) % prime;
  } while (power !== 1);
  return false;
}
