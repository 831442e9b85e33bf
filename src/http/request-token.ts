import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';
import { fieldValues } from '../lib/raw-headers.ts';
import { isOwnOrigin } from '../lib/own-origin.ts';
import { invalidToken } from '../auth/invalid-token.ts';

export interface CookieOptions {
  /** Has the prefix `__Host-` (RFC 6265bis section 4.1.3.2): set by this host over TLS, and for it alone. */
  readonly name: string;
  /** Origins whose pages may call with the cookie. */
  readonly origins: readonly string[];
}

/** A header that a page of another origin cannot send without a preflight. */
const CSRF_HEADER = 'x-requested-with';

/** RFC 6750 section 2.1; the scheme is case-insensitive (RFC 9110 section 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;
/** Bounds the work per token, including the number of its claims and scopes. */
const MAX_TOKEN_BYTES = 8192;

/**
 * Returns the token of a request, from its header or, if the operator allows it, from its cookie.
 *
 * @throws AppError `MISSING_TOKEN`; `INVALID_TOKEN` if the value cannot be a token;
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
  // Node uses the first of several headers; a proxy in front may have checked another.
  if (given.length > 1) throw invalidToken('SEVERAL_TOKENS');
  const [header] = given;
  const carried = cookie ? cookieValues(req, cookie.name) : NO_VALUES;
  if (header === undefined && carried.length > 0) requireOwnPage(req, cookie!.origins);
  // If there are several cookies, the one that the login set cannot be identified.
  if (carried.length > 1) throw invalidToken('SEVERAL_TOKENS');
  const [value] = carried;
  if (header === undefined) {
    if (value === undefined) throw new AppError('MISSING_TOKEN');
    return bearerToken(`Bearer ${value}`);
  }
  if (value !== undefined && tokenIn(header) !== value) {
    throw new AppError('INVALID_REQUEST', {
      detail: 'The Authorization header and the cookie contain different tokens. Send only one of them.',
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
  // The common form needs no regular expression. `readHeader` checks the token's characters later.
  if (header.startsWith(PLAIN) && header.length > PLAIN.length && !header.includes(' ', PLAIN.length))
    return header.slice(PLAIN.length);
  return BEARER.exec(header)?.[1];
}

const NO_VALUES: readonly string[] = [];
const QUOTED = /^"(.*)"$/;

/** Returns the values of a cookie (RFC 6265 section 4.1.1) without quotes. Ignores empty values. */
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
 * Rejects requests that a page of another origin may have caused, because browsers send cookies with those as
 * well. Such a page cannot add a header without a preflight, nor set `Sec-Fetch-Site` (RFC 10017, "Cross-Origin
 * Resource Sharing").
 */
function requireOwnPage({ headers }: IncomingMessage, origins: readonly string[]): void {
  if (!headers[CSRF_HEADER] && headers['sec-fetch-site'] !== 'same-origin')
    throw new AppError('CSRF_HEADER_MISSING');
  const { origin, host } = headers;
  // Checked only if it was sent: browsers and other clients may omit it.
  if (origin === undefined || origins.includes(origin) || isOwnOrigin(origin, host)) return;
  throw new AppError('INVALID_REQUEST', {
    detail: 'Requests with the cookie are accepted only from pages of the allowed origins.',
  });
}
