import { isAppError } from '../../errors.ts';
import type { Sleep } from '../../lib/timers.ts';
import type { Policy } from '../operation.ts';

export interface RetrySettings {
  /** Upper bound of the random delay (full jitter), in milliseconds. */
  readonly maxDelayMs: number;
  /** Retries per call, on average. */
  readonly ratio: number;
  /** Retries that may be made in a row, saved by calls that needed none. */
  readonly reserve: number;
}

export interface RetryOptions extends RetrySettings {
  /** Monotonic time in ms. */
  readonly now: () => number;
  /** Returns a random number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly sleep: Sleep;
}

/**
 * Retries a transient failure once: after a random delay, or after the upstream's `Retry-After`, if that leaves
 * time before the deadline. A retry budget keeps retries a small share of all calls, so that they do not double the
 * load on an upstream that is down. Background refreshes are not retried, because the stale entry can be served
 * meanwhile. An operation that is not idempotent is retried only if the failed attempt was certainly not sent.
 */
export function retry(options: RetryOptions): Policy {
  const { maxDelayMs, ratio, reserve, now, random, sleep } = options;
  let saved = reserve;

  return (next) =>
    async function retryOnce(operation, input, callOptions) {
      if (callOptions.priority === 'refresh') return next(operation, input, callOptions);
      saved = Math.min(saved + ratio, reserve);
      try {
        return await next(operation, input, callOptions);
      } catch (error) {
        if (!isAppError(error) || !error.details.transient || callOptions.signal.aborted) throw error;
        if (!operation.idempotent && !error.details.notSent) throw error;
        const retryAfterMs = (error.details.retryAfterS ?? 0) * 1000;
        const delayMs = Math.max(retryAfterMs, random() * maxDelayMs);
        if (saved < 1 || now() + delayMs >= callOptions.deadline) throw error;
        saved -= 1;
        await sleep(delayMs, callOptions.signal);
        return next(operation, input, { ...callOptions, priority: 'retry' });
      }
    };
}
