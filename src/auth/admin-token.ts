import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Asks for the operators' token, compared in constant time; lets everybody in where none is configured.
 *
 * @param currentToken looked up for each request, since it can be replaced.
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
