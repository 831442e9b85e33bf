/** What a token says of itself before anything is verified: enough to look for its key, and believed in nothing. */
export interface TokenHeader {
  readonly algorithm: string;
  readonly kid: string | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

const MAX_KID_LENGTH = 256;

/**
 * The header of a signed token (RFC 7515 section 7.1), or undefined where it is none that could be taken,
 * whoever signed it. Keys that it brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
 */
export function readHeader(token: string): TokenHeader | undefined {
  const segments = token.split('.', 4);
  if (segments.length !== 3 || !segments.every(isCanonical)) return undefined;
  const fields = parseObject(segments[0]);
  // RFC 7515 section 4.1.11: an extension that is not understood must be refused; none is.
  if (!fields || 'crit' in fields || 'b64' in fields) return undefined;
  const { alg, typ, kid } = fields;
  if (typeof alg !== 'string' || (typ !== undefined && !isTokenType(typ))) return undefined;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH)) return undefined;
  return { algorithm: alg, kid };
}

/** Base64url (RFC 7515 section 2) in the one way to write it, so that nobody respells a token. */
function isCanonical(segment: string): boolean {
  return segment !== '' && Buffer.from(segment, 'base64url').toString('base64url') === segment;
}

/** The `iss` that the token claims. */
export function readIssuer(token: string): unknown {
  const claims = parseObject(token.split('.', 2)[1]);
  return claims && Object.hasOwn(claims, 'iss') ? claims['iss'] : undefined;
}

/** RFC 7519 section 5.1 and RFC 9068 section 2.1, so that an ID or logout token of another type is refused. */
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
