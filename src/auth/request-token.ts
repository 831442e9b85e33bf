import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';
import { fieldValues } from '../field-values.ts';
import { invalidToken } from './invalid-token.ts';

export interface CookieOptions {
  /** With the prefix `__Host-` (RFC 6265bis section 4.1.3.2): set by this host, over TLS, for no other. */
  readonly name: string;
  /** Those whose pages may call with the cookie. */
  readonly origins: readonly string[];
}

/** What a page of another origin cannot send without being allowed to first. */
export const CSRF_HEADER = 'x-requested-with';

/** RFC 6750 section 2.1, the scheme in any case (RFC 9110 section 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;
const SAFE_METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The token that a request carries, from its header or, where the operator allows one, from its cookie.
 *
 * @throws AppError `MISSING_TOKEN`; `INVALID_TOKEN` for what cannot be one; `INVALID_REQUEST` where header and
 *   cookie differ, or where a cookie may have been sent without its owner's will.
 */
export function tokenOf(req: IncomingMessage, cookie: CookieOptions | undefined): string {
  const given = fieldValues(req, 'authorization');
  // Node takes the first of several; whoever stands in front of us may have looked at another.
  if (given.length > 1) throw invalidToken('SEVERAL_TOKENS');
  const [header] = given;
  const carried = cookie && cookieValue(req, cookie.name);
  if (header === undefined) {
    if (carried === undefined) throw new AppError('MISSING_TOKEN');
    requireSameSite(req, cookie!.origins);
    return bearerToken(`Bearer ${carried}`);
  }
  if (carried !== undefined && tokenIn(header) !== carried) {
    throw new AppError('INVALID_REQUEST', {
      detail: 'The Authorization header and the cookie hold different tokens. Send one of them.',
    });
  }
  return bearerToken(header);
}

function bearerToken(header: string): string {
  const token = tokenIn(header);
  if (token !== undefined) return token;
  throw /^Bearer\b/i.test(header) ? invalidToken('MALFORMED') : new AppError('MISSING_TOKEN');
}

const PLAIN = 'Bearer ';

function tokenIn(header: string): string | undefined {
  // As nearly everybody writes it. Whether what follows can be a token shows when it is taken apart.
  if (header.startsWith(PLAIN) && header.length > PLAIN.length && !header.includes(' ', PLAIN.length))
    return header.slice(PLAIN.length);
  return BEARER.exec(header)?.[1];
}

/** RFC 6265 section 5.4. Several of the name are never taken: one of them is not the login's. */
function cookieValue(req: IncomingMessage, name: string): string | undefined {
  const pairs = (req.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const values = pairs
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  if (values.length > 1) throw invalidToken('SEVERAL_TOKENS');
  return values[0];
}

/** A browser sends cookies with what any page makes it send: the page must be one that may. */
function requireSameSite(req: IncomingMessage, origins: readonly string[]): void {
  const { origin } = req.headers;
  const safe = SAFE_METHODS.has(req.method);
  // A browser leaves it out of a safe request of the page's own origin.
  if (origin === undefined ? !safe : !origins.includes(origin)) {
    throw new AppError('INVALID_REQUEST', {
      detail: 'With the cookie, requests are taken from pages of the allowed origins alone.',
    });
  }
  if (!safe && !req.headers[CSRF_HEADER]) {
    throw new AppError('INVALID_REQUEST', {
      detail: 'With the cookie, this method needs the header X-Requested-With.',
    });
  }
}
