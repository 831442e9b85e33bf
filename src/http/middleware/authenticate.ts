import type { RequestHandler } from 'express';
import { thenMaybe, type MaybePromise } from '../../lib/maybe-promise.ts';
import type { Caller } from '../../contact/read-contact.ts';
import { contextOf } from '../request-context.ts';
import { tokenOf, type CookieOptions } from '../request-token.ts';

export interface AuthenticateOptions {
  /** @throws AppError if the token is rejected, or cannot be verified at present. */
  readonly verify: (token: string) => MaybePromise<Caller>;
  /** The cookie in which browsers may send the token; undefined to accept the header alone. */
  readonly cookie: CookieOptions | undefined;
}

/** Verifies the request's token and stores the caller in the request scope; throws if it is rejected. */
export function authenticate({ verify, cookie }: AuthenticateOptions): RequestHandler {
  return function authenticateCaller(req, _res, next) {
    if (cookie) contextOf(req).addVary('Cookie');
    return thenMaybe(verify(tokenOf(req, cookie)), (caller) => {
      contextOf(req).caller = caller;
      next();
    });
  };
}
