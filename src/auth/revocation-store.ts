import { thenMaybe, type MaybePromise } from '../lib/maybe-promise.ts';
import type { Caller } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { invalidToken } from './invalid-token.ts';
import { revocationList, type Revocation, type RevocationList } from './revocation-list.ts';
import type { VerifiedToken } from './verify-token.ts';

/** What `POST /revocations` takes. Times are seconds since the epoch. */
export type RevocationRequest =
  | { readonly jti: string; readonly iss?: string | undefined; readonly exp?: number | undefined }
  | { readonly sub: string; readonly iss?: string | undefined; readonly before?: number | undefined };

/** Where revocations are kept and heard of. */
export interface RevocationStore extends Pick<RevocationList, 'covers'> {
  /**
   * Resolves once the revocation holds in this process and will outlive it, where the store can promise so.
   *
   * @throws AppError `CACHE_UNAVAILABLE` where it could not be kept: the caller must ask again.
   */
  keep(revocation: Revocation): Promise<void>;
  /** Takes over what another process keeps. @returns false where there is no room. */
  learn(revocation: Revocation): boolean;
}

export interface RevocationTimes {
  readonly clockToleranceS: number;
  /** How long a token can live at most, which is how long what is said of it must be kept. */
  readonly maxLifetimeS: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** In this process alone, and until it ends. */
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
 * Returns the revocation to keep: a token's until the token expires, a subject's until the last token that it
 * covers does. An issuer's clock may be ahead by the tolerance, so a subject's covers tokens that were issued
 * until `before` plus the tolerance.
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
 * Looks for a revocation on every request, of remembered tokens as of others.
 *
 * @throws AppError `INVALID_TOKEN` for a revoked one, as for any other that is refused.
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
