import type { RequestHandler } from 'express';

const ENCODED = /%[0-9a-f]{2}/gi;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/** Decodes percent-encoded characters of the path that do not need it (RFC 3986 section 6.2.2.2). */
export function normalizePath(): RequestHandler {
  return function decodeUnreserved(req, _res, next) {
    const { url } = req;
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
