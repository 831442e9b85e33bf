import type { RequestHandler } from 'express';
import { AppError } from '../../errors.ts';

/** Characters that no target has (RFC 9112 section 3.2), and for which Express's parser would rewrite the path. */
const FOREIGN = /[#\s]/;
const ENCODED = /%[0-9a-f]{2}/gi;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * Decodes percent-encoded characters of the path that do not need it (RFC 3986 section 6.2.2.2). Rejects a target
 * with a fragment.
 */
export function normalizePath(): RequestHandler {
  return function decodeUnreserved(req, _res, next) {
    const { url } = req;
    if (FOREIGN.test(url))
      throw new AppError('INVALID_REQUEST', { detail: 'The request target has a # or white space.' });
    if (url.includes('%')) {
      const end = url.includes('?') ? url.indexOf('?') : url.length;
      req.url = url.slice(0, end).replaceAll(ENCODED, decoded) + url.slice(end);
    }
    next();
  };
}

function decoded(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return UNRESERVED.test(character) ? character : encoded;
}
