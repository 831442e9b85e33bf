import { MAX_KID_LENGTH } from './jwk.ts';

/** The unverified header of a token: used to look up its key, and not trusted for anything else. */
export interface TokenHeader {
  readonly algorithm: string;
  readonly kid: string | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads the header of a signed token (RFC 7515 section 7.1); undefined if the token cannot be accepted with any
 * key. Ignores keys that the header embeds or references (`jwk`, `jku`, `x5c`, `x5u`).
 */
export function readHeader(token: string): TokenHeader | undefined {
  const segments = token.split('.', 4);
  if (segments.length !== 3 || !segments.every(isCanonical)) return undefined;
  const fields = parseObject(segments[0]);
  // RFC 7515 section 4.1.11: unsupported extensions must be rejected, and no extension is supported.
  if (!fields || 'crit' in fields || 'b64' in fields) return undefined;
  const { alg, typ, kid } = fields;
  if (typeof alg !== 'string' || (typ !== undefined && !isTokenType(typ))) return undefined;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH)) return undefined;
  return { algorithm: alg, kid };
}

/** Returns whether a segment is canonical base64url (RFC 7515 section 2), so that a token has one spelling. */
function isCanonical(segment: string): boolean {
  return segment !== '' && Buffer.from(segment, 'base64url').toString('base64url') === segment;
}

/** Returns the unverified `iss` of the token. */
export function readIssuer(token: string): unknown {
  const claims = parseObject(token.split('.', 2)[1]);
  return claims && Object.hasOwn(claims, 'iss') ? claims['iss'] : undefined;
}

/** Returns whether `typ` is that of an access token (RFC 7519 section 5.1, RFC 9068 section 2.1). */
function isTokenType(typ: unknown): boolean {
  return typeof typ === 'string' && /^(application\/)?(at\+)?jwt$/i.test(typ);
}

function parseObject(base64url: string | undefined): JsonObject | undefined {
  if (base64url === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}
