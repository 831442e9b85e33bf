import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';
import { fieldValues } from '../field-values.ts';
import { isOwnOrigin } from '../lib/own-origin.ts';
import { invalidToken } from './invalid-token.ts';

export interface CookieOptions {
  /** With the prefix `__Host-` (RFC 6265bis section 4.1.3.2): set by this host, over TLS, for no other. */
  readonly name: string;
  /** Those whose pages may call with the cookie. */
  readonly origins: readonly string[];
}

/** A page of another origin cannot send it without a preflight. */
const CSRF_HEADER = 'x-requested-with';

/** RFC 6750 section 2.1, the scheme in any case (RFC 9110 section 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;
const SAFE_METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Bounds the work for each token, and with it the number of its claims and scopes. */
const MAX_TOKEN_BYTES = 8192;

/**
 * Returns the token that a request carries, from its header or, if the operator allows one, from its cookie.
 *
 * @throws AppError `MISSING_TOKEN`; `INVALID_TOKEN` for a value that cannot be one;
 *   `REQUEST_HEADERS_TOO_LARGE`; `CSRF_HEADER_MISSING` or `INVALID_REQUEST` if a page of another origin may
 *   have made the browser send the cookie; `INVALID_REQUEST` if header and cookie differ.
 */
export function tokenOf(req: IncomingMessage, cookie: CookieOptions | undefined): string {
  const token = carriedToken(req, cookie);
  if (token.length > MAX_TOKEN_BYTES) throw new AppError('REQUEST_HEADERS_TOO_LARGE');
  return token;
}

function carriedToken(req: IncomingMessage, cookie: CookieOptions | undefined): string {
  const given = fieldValues(req, 'authorization');
  // Node takes the first of several; whoever stands in front of us may have looked at another.
  if (given.length > 1) throw invalidToken('SEVERAL_TOKENS');
  const [header] = given;
  const carried = cookie ? cookieValues(req, cookie.name) : NO_VALUES;
  if (header === undefined && carried.length > 0) requireOwnPage(req, cookie!.origins);
  // One of several is not the login's, and which one cannot be known.
  if (carried.length > 1) throw invalidToken('SEVERAL_TOKENS');
  const [value] = carried;
  if (header === undefined) {
    if (value === undefined) throw new AppError('MISSING_TOKEN');
    return bearerToken(`Bearer ${value}`);
  }
  if (value !== undefined && tokenIn(header) !== value) {
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

const NO_VALUES: readonly string[] = [];
const QUOTED = /^"(.*)"$/;

/** The values of a cookie (RFC 6265 section 4.1.1), without quotes. An empty one counts as absent. */
function cookieValues(req: IncomingMessage, name: string): readonly string[] {
  const { cookie } = req.headers;
  if (cookie === undefined) return NO_VALUES;
  return cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1).replace(QUOTED, '$1'))
    .filter((value) => value !== '');
}

/**
 * A browser sends cookies with every request that any page causes. A page of another origin cannot add a
 * header without a preflight, nor set `Sec-Fetch-Site` (RFC 10017, "Cross-Origin Resource Sharing").
 */
function requireOwnPage({ method, headers }: IncomingMessage, origins: readonly string[]): void {
  if (!headers[CSRF_HEADER] && headers['sec-fetch-site'] !== 'same-origin')
    throw new AppError('CSRF_HEADER_MISSING');
  const { origin, host } = headers;
  // A browser leaves it out of a safe request of the page's own origin.
  const allowed =
    origin === undefined ? SAFE_METHODS.has(method) : origins.includes(origin) || isOwnOrigin(origin, host);
  if (allowed) return;
  throw new AppError('INVALID_REQUEST', {
    detail: 'With the cookie, requests are accepted from pages of the allowed origins only.',
  });
}
