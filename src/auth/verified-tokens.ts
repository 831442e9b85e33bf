import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import { isAhead } from './token-times.ts';
import type { VerifiedToken, VerifyToken } from './verify-token.ts';

export interface VerifiedTokensOptions {
  /** How many tokens are remembered; 0 for none. */
  readonly maxTokens: number;
  readonly clockToleranceS: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Remembers tokens that verified, by their digest, until they expire or their key leaves its set. One that
 * did not verify is not remembered: whoever floods with those gains no room here.
 */
export function rememberVerified(
  verify: VerifyToken,
  options: VerifiedTokensOptions,
): (token: string) => MaybePromise<VerifiedToken> {
  if (options.maxTokens === 0) return verify;
  const remembered = new LRUCache<string, VerifiedToken>({ max: options.maxTokens });

  function stillHolds(verified: VerifiedToken): boolean {
    const nowS = options.now() / 1000;
    if (nowS >= verified.expiresAt + options.clockToleranceS) return false;
    // The clock may have been set back.
    if (isAhead(verified, nowS, options.clockToleranceS)) return false;
    return verified.issuer.keys.holds(verified.key);
  }

  async function verifyAndRemember(token: string, digest: string): Promise<VerifiedToken> {
    const verified = await verify(token);
    remembered.set(digest, verified);
    return verified;
  }

  return function verifyOrRemember(token) {
    const digest = hash('sha256', token, 'binary');
    const known = remembered.get(digest);
    if (known && stillHolds(known)) return known;
    if (known) remembered.delete(digest);
    return verifyAndRemember(token, digest);
  };
}
