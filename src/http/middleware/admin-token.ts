import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { invalidToken } from '../../auth/invalid-token.ts';
import { AppError } from '../../errors.ts';
import { fieldValues } from '../../lib/raw-headers.ts';

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Requires the operators' token, compared in constant time, in one `Authorization` field. Accepts every request if
 * no token is configured.
 *
 * @param currentToken called for each request, because the token can be replaced.
 */
export function requireAdminToken(currentToken: () => string | undefined): RequestHandler {
  return function checkAdminToken(req, _res, next) {
    const token = currentToken();
    if (token === undefined) return next();
    const [header = '', ...others] = fieldValues(req, 'authorization');
    // Node uses the first of several headers; a proxy in front may have checked another.
    if (others.length > 0) throw invalidToken('SEVERAL_TOKENS');
    const given = /^Bearer +(\S+) *$/i.exec(header)?.[1];
    if (given === undefined)
      throw new AppError('MISSING_TOKEN', { detail: 'Send ADMIN_TOKEN as a bearer token.' });
    if (!timingSafeEqual(digest(given), digest(token))) throw new AppError('INVALID_TOKEN');
    next();
  };
}
