import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Eventually } from '../contact/eventually.ts';
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
): (token: string) => Eventually<VerifiedToken> {
  if (options.maxTokens === 0) return verify;
  const remembered = new LRUCache<string, VerifiedToken>({ max: options.maxTokens });

  function stillHolds({ issuer, key, notBefore, expiresAt }: VerifiedToken): boolean {
    const nowS = Math.floor(options.now() / 1000);
    if (nowS >= expiresAt + options.clockToleranceS) return false;
    // A clock that was set back.
    if (notBefore !== undefined && notBefore > nowS + options.clockToleranceS) return false;
    return issuer.keys.holds(key);
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
