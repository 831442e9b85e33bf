import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import { scopeOf } from '../scope.ts';
import type { VerifyToken } from './verify-token.ts';

/** RFC 6750 section 2.1, the scheme in any case (RFC 9110 section 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** Reads the bearer token, verifies it and puts the caller into the request's scope, or answers 401. */
export function authenticate(verifyToken: VerifyToken): RequestHandler {
  return function authenticateCaller(req, _res, next) {
    const given = req.headersDistinct['authorization'] ?? [];
    if (given.length === 0) throw new AppError('MISSING_TOKEN');
    // Node takes the first of several; whoever stands in front of us may have looked at another.
    if (given.length > 1) throw new AppError('INVALID_TOKEN');
    const token = BEARER.exec(given[0]!)?.[1];
    if (token === undefined)
      throw new AppError(/^Bearer\b/i.test(given[0]!) ? 'INVALID_TOKEN' : 'MISSING_TOKEN');
    scopeOf(req).caller = verifyToken(token);
    next();
  };
}
