import { thenMaybe, type MaybePromise } from '../lib/maybe-promise.ts';
import type { Caller } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { invalidToken } from './invalid-token.ts';
import { revocationList, type Revocation, type RevocationList } from './revocation-list.ts';
import type { VerifiedToken } from './verify-token.ts';

/** The body of `POST /revocations`. Times are seconds since the epoch. */
export type RevocationRequest =
  | { readonly jti: string; readonly iss?: string | undefined; readonly exp?: number | undefined }
  | { readonly sub: string; readonly iss?: string | undefined; readonly before?: number | undefined };

/** Stores revocations and checks tokens against them. */
export interface RevocationStore extends Pick<RevocationList, 'covers'> {
  /**
   * Resolves when the revocation is in force in this process and, if the store is shared, will outlive it.
   *
   * @throws AppError `CACHE_UNAVAILABLE` if the revocation could not be stored: the caller must retry.
   */
  keep(revocation: Revocation): Promise<void>;
  /** Adds a revocation that another process has stored. @returns false if the list is full. */
  learn(revocation: Revocation): boolean;
}

export interface RevocationTimes {
  readonly clockToleranceS: number;
  /** The longest lifetime of a token, and so the time to keep its revocation; undefined if unlimited. */
  readonly maxLifetimeS: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Creates a store that is local to this process and lost when the process exits. */
export function memoryRevocations(options: {
  readonly maxRevocations: number;
  readonly now: () => number;
}): RevocationStore {
  const list = revocationList(options);
  return {
    covers: (token) => list.covers(token),
    learn: (revocation) => list.add(revocation),
    async keep(revocation) {
      if (!list.add(revocation)) throw noRoom();
    },
  };
}

export function noRoom(): AppError {
  return new AppError('CACHE_UNAVAILABLE', {
    detail: 'The list of revocations is full, so nothing was revoked. Set JWT_MAX_LIFETIME_S, or send exp.',
    retryAfterS: 60,
  });
}

/**
 * Returns the revocation to store. A token's is kept until the token expires, a subject's until the last
 * covered token expires. An issuer's clock may be ahead by the tolerance, so a subject's revocation covers
 * tokens issued until `before` plus the tolerance.
 */
export function revocationOf(request: RevocationRequest, times: RevocationTimes): Revocation {
  const { clockToleranceS, maxLifetimeS } = times;
  const latestIssue = Math.floor(times.now() / 1000) + clockToleranceS;
  const lastExpiry = (issuedAt: number) => (maxLifetimeS === undefined ? undefined : issuedAt + maxLifetimeS);
  const after = (time: number | undefined) => (time === undefined ? undefined : time + clockToleranceS + 1);
  if ('jti' in request) {
    const { jti: value, iss: issuer, exp } = request;
    return { by: 'jti', value, issuer, before: undefined, until: after(exp ?? lastExpiry(latestIssue)) };
  }
  const { sub: value, iss: issuer } = request;
  const before = request.before === undefined ? latestIssue : request.before + clockToleranceS;
  return { by: 'sub', value, issuer, before, until: after(lastExpiry(before)) };
}

/**
 * Wraps `verify` with a revocation check on every request, also when the token is cached.
 *
 * @throws AppError `INVALID_TOKEN` if the token is revoked, the same as for any other rejected token.
 */
export function refuseRevoked(
  verify: (token: string) => MaybePromise<VerifiedToken>,
  store: Pick<RevocationStore, 'covers'>,
): (token: string) => MaybePromise<Caller> {
  function unlessRevoked(verified: VerifiedToken): Caller {
    if (store.covers(verified)) throw invalidToken('REVOKED');
    return verified.caller;
  }
  return (token) => thenMaybe(verify(token), unlessRevoked);
}
