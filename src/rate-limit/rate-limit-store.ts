import type { MaybePromise } from '../lib/maybe-promise.ts';

/** A limit for a fixed window, which starts with the first request. */
export interface Tier {
  /** Letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

export interface RateLimitResult {
  readonly allowed: boolean;
  /** The consumed part of the limit, including this request if it was allowed. */
  readonly used: number;
  /** Milliseconds until the window ends; at least 1. */
  readonly resetMs: number;
  /**
   * False if the store failed to count the request. If `allowed` is false as well, the limit was not checked
   * and the failure policy rejected the request.
   */
  readonly counted: boolean;
}

/** Counts the consumed part of each key's limit. */
export interface RateLimitStore {
  /**
   * Consumes `cost` for the key if that much is left, and nothing otherwise. Never rejects. Returns
   * synchronously if no call to Redis is needed. A cost of 0 reports the state.
   *
   * @param key must not hold personal data, because it is visible in the store.
   */
  consume(key: string, cost: number, tier: Tier): MaybePromise<RateLimitResult>;
}

/** The maximum number of keys in a process; above it, the least recently used keys are evicted. */
export const MAX_KEYS = 100_000;
