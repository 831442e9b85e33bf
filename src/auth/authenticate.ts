import type { RequestHandler } from 'express';
import { thenMaybe, type MaybePromise } from '../lib/maybe-promise.ts';
import type { Caller } from '../contact/read-contact.ts';
import { scopeOf } from '../scope.ts';
import { tokenOf, type CookieOptions } from './request-token.ts';

export interface AuthenticateOptions {
  /** @throws AppError where the token is refused, or cannot be judged. */
  readonly verify: (token: string) => MaybePromise<Caller>;
  /** Where browsers may send the token; undefined for the header alone. */
  readonly cookie: CookieOptions | undefined;
}

/** Verifies the token of the request and puts the caller into its scope, or answers why not. */
export function authenticate({ verify, cookie }: AuthenticateOptions): RequestHandler {
  return function authenticateCaller(req, res, next) {
    if (cookie) res.vary('Cookie');
    return thenMaybe(verify(tokenOf(req, cookie)), (caller) => {
      scopeOf(req).caller = caller;
      next();
    });
  };
}
