import type { AttemptRawParts } from '../contact/fetch-parts.ts';
import { isAppError } from '../errors.ts';
import type { Sleep } from './timers.ts';

export interface RetrySettings {
  /** The delay is random between nothing and this (full jitter). */
  readonly maxDelayMs: number;
  /** Retries for each call that is made, in the long run. */
  readonly ratio: number;
  /** Retries that may be made at once, saved up from calls that needed none. */
  readonly reserve: number;
}

export interface RetryOptions extends RetrySettings {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: Sleep;
}

/**
 * Tries a second time, once, what failed in passing: after a random delay, or after the time that the
 * upstream asked for, and only where that leaves time before the deadline. A budget keeps retries a small
 * share of all calls, so that an upstream that is down is not asked twice as often. Refreshes are not
 * retried: nobody waits for them.
 */
export function withRetry(attempt: AttemptRawParts, options: RetryOptions): AttemptRawParts {
  const { maxDelayMs, ratio, reserve, now, random, sleep } = options;
  let saved = reserve;

  return async function attemptTwice(query, attemptOptions) {
    if (attemptOptions.priority === 'refresh') return attempt(query, attemptOptions);
    saved = Math.min(saved + ratio, reserve);
    try {
      return await attempt(query, attemptOptions);
    } catch (error) {
      if (!isAppError(error) || !error.details.transient || attemptOptions.signal.aborted) throw error;
      const askedMs = (error.details.retryAfterS ?? 0) * 1000;
      const delayMs = Math.max(askedMs, random() * maxDelayMs);
      if (saved < 1 || now() + delayMs >= attemptOptions.deadline) throw error;
      saved -= 1;
      await sleep(delayMs, attemptOptions.signal);
      return attempt(query, { ...attemptOptions, priority: 'retry' });
    }
  };
}
