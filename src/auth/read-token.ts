/** What a token says of itself before anything is verified: enough to look for its key, and to be trusted in nothing. */
export interface TokenHints {
  readonly algorithm: string;
  readonly kid: string | undefined;
  readonly issuer: unknown;
}

type JsonObject = Readonly<Record<string, unknown>>;

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/;
const MAX_KID_LENGTH = 256;

/**
 * Reads a JWT's header and issuer (RFC 7515 section 7.1), or undefined where it is no JWT that could be
 * taken, whoever signed it. Keys that the header brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) are
 * not looked at.
 */
export function readToken(token: string): TokenHints | undefined {
  const [, header, payload] = COMPACT.exec(token) ?? [];
  const fields = parseObject(header);
  const claims = parseObject(payload);
  if (!fields || !claims) return undefined;
  // RFC 7515 section 4.1.11: an extension that is not understood must be refused; none is.
  if ('crit' in fields || 'b64' in fields) return undefined;
  const { alg, typ, kid } = fields;
  if (typeof alg !== 'string' || (typ !== undefined && !isTokenType(typ))) return undefined;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH)) return undefined;
  return { algorithm: alg, kid, issuer: Object.hasOwn(claims, 'iss') ? claims['iss'] : undefined };
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
