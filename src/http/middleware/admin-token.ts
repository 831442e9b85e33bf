import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { AppError } from '../../errors.ts';

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Requires the operators' token, compared in constant time. Accepts every request if no token is configured.
 *
 * @param currentToken called for each request, because the token can be replaced.
 */
export function requireAdminToken(currentToken: () => string | undefined): RequestHandler {
  return function checkAdminToken(req, _res, next) {
    const token = currentToken();
    if (token === undefined) return next();
    const given = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1];
    if (given === undefined)
      throw new AppError('MISSING_TOKEN', { detail: 'Send ADMIN_TOKEN as a bearer token.' });
    if (!timingSafeEqual(digest(given), digest(token))) throw new AppError('INVALID_TOKEN');
    next();
  };
}
