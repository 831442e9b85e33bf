import type { MaybePromise } from '../lib/maybe-promise.ts';

/** So many in a window, which begins with the first of them. */
export interface Tier {
  /** Letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

export interface RateLimitResult {
  readonly allowed: boolean;
  /** How much of the limit has been used, this one included where it was allowed. */
  readonly used: number;
  /** Milliseconds until the window ends; at least 1. */
  readonly resetMs: number;
  /** False if the store failed to count it. A request that is not allowed either was not judged at all. */
  readonly counted: boolean;
}

/** Counts what is used of a limit. */
export interface RateLimitStore {
  /**
   * Takes `cost` for the key where that much is left, and nothing where it is not. Never rejects; answers at
   * once where nobody has to be asked.
   *
   * @param key holds nothing personal: it is shown to whoever can look into the store.
   */
  consume(key: string, cost: number, tier: Tier): MaybePromise<RateLimitResult>;
}

/** How many keys a process keeps in mind; beyond it the least recently used are forgotten. */
export const MAX_KEYS = 100_000;
