import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Asks for the operators' token, compared in constant time; lets everybody in where none is configured. */
export function requireAdminToken(token: string | undefined): RequestHandler {
  const expected = token === undefined ? undefined : digest(token);
  return function checkAdminToken(req, _res, next) {
    if (!expected) return next();
    const given = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1];
    if (given === undefined)
      throw new AppError('MISSING_TOKEN', { detail: 'Send ADMIN_TOKEN as a bearer token.' });
    if (!timingSafeEqual(digest(given), expected)) throw new AppError('INVALID_TOKEN');
    next();
  };
}
