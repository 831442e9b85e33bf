import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import { isAhead } from './token-times.ts';
import type { VerifiedToken, VerifyToken } from './verify-token.ts';

export interface VerifiedTokensOptions {
  /** The maximum number of cached tokens; 0 turns the cache off. */
  readonly maxTokens: number;
  readonly clockToleranceS: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Caches verified tokens by their digest until they expire or their key leaves its set. Rejected tokens are
 * not cached, so a flood of them cannot evict valid ones.
 */
export function rememberVerified(
  verify: VerifyToken,
  options: VerifiedTokensOptions,
): (token: string) => MaybePromise<VerifiedToken> {
  if (options.maxTokens === 0) return verify;
  const remembered = new LRUCache<string, VerifiedToken>({ max: options.maxTokens });

  function isStillValid(verified: VerifiedToken): boolean {
    const nowS = options.now() / 1000;
    if (nowS >= verified.expiresAt + options.clockToleranceS) return false;
    // `isAhead` becomes true again if the clock was set back.
    if (isAhead(verified, nowS, options.clockToleranceS)) return false;
    return verified.issuer.keys.holds(verified.key);
  }

  async function verifyAndRemember(token: string, digest: string): Promise<VerifiedToken> {
    const verified = await verify(token);
    remembered.set(digest, verified);
    return verified;
  }

  return function verifyCached(token) {
    const digest = hash('sha256', token, 'binary');
    const known = remembered.get(digest);
    if (known && isStillValid(known)) return known;
    if (known) remembered.delete(digest);
    return verifyAndRemember(token, digest);
  };
}
