import { AppError, isAppError, type ErrorCode } from '../../errors.ts';
import { isAccepted, type Policy } from '../operation.ts';

/**
 * The outcome of one call. `answered`: the upstream works, but refused the call, which closes a half-open breaker
 * and is not counted otherwise. `none`: the call says nothing about the upstream, because it was aborted, for
 * example.
 */
export type Outcome = 'success' | 'failure' | 'timeout' | 'answered' | 'none';

export interface CircuitBreakerSettings {
  /** Number of the latest calls that are counted. */
  readonly window: number;
  /** Minimum total weight of failures for the breaker to open. */
  readonly minFailures: number;
  /** Weight of a timeout, which occupies the bulkhead longer than another failure. Other failures have the weight 1. */
  readonly timeoutWeight: number;
  /** The share of failures, by weight and from 0 to 1, at which the breaker opens. */
  readonly failureRate: number;
  /** Milliseconds before a probe is let through; doubled each time that a probe fails, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

export interface CircuitBreakerOptions extends CircuitBreakerSettings {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Called with the number of failed calls and the number of counted calls. */
  readonly onOpen: (failed: number, of: number) => void;
  readonly onClose: () => void;
}

/** The state of an open breaker. */
interface Open {
  /** Monotonic time, in ms, at which a probe may be made. */
  until: number;
  pauseMs: number;
  /** Whether a probe is in flight. */
  isHalfOpen: boolean;
}

/** Records the outcome of a call. Must be called exactly once per call. */
export type Settle = (outcome: Outcome) => void;

/**
 * A circuit breaker. It opens if the share of failures among the latest calls, by weight, reaches `failureRate`.
 * While it is open, calls are rejected, except for one probe at a time after a pause. It closes when a probe has the
 * outcome `success` or `answered`.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  /** The weights of the latest calls, oldest first; 0 for a success. */
  #recent: number[] = [];
  #open: Open | undefined;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Milliseconds for which calls are rejected; 0 if a call may be made. An estimate while a probe is in flight. */
  get refusesForMs(): number {
    if (!this.#open) return 0;
    const { until, pauseMs, isHalfOpen } = this.#open;
    return isHalfOpen ? pauseMs : Math.max(0, until - this.#options.now());
  }

  /** Returns the function that records the call's outcome, or undefined if the call must not be made. */
  tryAcquire(): Settle | undefined {
    if (this.refusesForMs > 0) return undefined;
    const probed = this.#open;
    if (!probed) return (outcome) => this.#settle(outcome);
    probed.isHalfOpen = true;
    return (outcome) => this.#settleProbe(probed, outcome);
  }

  #settle(outcome: Outcome): void {
    // Calls that began before the breaker opened are not counted.
    if (this.#open || outcome === 'none' || outcome === 'answered') return;
    const { window, minFailures, timeoutWeight, failureRate, openMs, now, onOpen } = this.#options;
    const weight = { success: 0, failure: 1, timeout: timeoutWeight }[outcome];
    this.#recent.push(weight);
    if (this.#recent.length > window) this.#recent.shift();
    // A success only lowers the share of failures.
    if (weight === 0) return;
    const failed = this.#recent.filter((one) => one > 0).length;
    const failures = this.#recent.reduce((sum, one) => sum + one, 0);
    const successes = this.#recent.length - failed;
    if (failures < minFailures || failures < failureRate * (failures + successes)) return;
    this.#open = { until: now() + openMs, pauseMs: openMs, isHalfOpen: false };
    onOpen(failed, this.#recent.length);
  }

  #settleProbe(probed: Open, outcome: Outcome): void {
    probed.isHalfOpen = false;
    if (outcome === 'none') return;
    if (outcome === 'failure' || outcome === 'timeout') {
      probed.pauseMs = Math.min(probed.pauseMs * 2, this.#options.maxOpenMs);
      probed.until = this.#options.now() + probed.pauseMs;
      return;
    }
    this.#open = undefined;
    this.#recent = [];
    this.#options.onClose();
  }
}

/**
 * Makes the attempt unless the circuit breaker is open, and records its outcome.
 *
 * @param options.minimumAttemptMs an attempt that reached its deadline after less than this had spent its time in the
 *   queue, so it does not count as a failure of the upstream.
 * @param options.now milliseconds of the monotonic clock to which deadlines refer.
 */
export function circuitBreaker(
  breaker: CircuitBreaker,
  options: { readonly minimumAttemptMs: number; readonly now: () => number },
): Policy {
  const { minimumAttemptMs, now } = options;
  return (next) =>
    async function settleBreaker(operation, input, callOptions) {
      const settle = breaker.tryAcquire();
      if (!settle) throw breakerOpen(breaker);
      const { signal, deadline } = callOptions;
      const begunAt = now();
      let outcome: Outcome = 'none';
      try {
        const output = await next(operation, input, callOptions);
        outcome = 'success';
        return output;
      } catch (error) {
        const cutShort = now() >= deadline && now() - begunAt < minimumAttemptMs;
        if (!signal.aborted && !cutShort) outcome = outcomeOf(error);
        throw error;
      } finally {
        settle(outcome);
      }
    };
}

/** Codes that show that the upstream works, although it refused the call. */
const REFUSALS: readonly ErrorCode[] = [
  'UPSTREAM_CREDENTIALS_REJECTED',
  'UPSTREAM_EGRESS_REJECTED',
  'UPSTREAM_REFUSED',
];

function outcomeOf(error: unknown): Outcome {
  if (isAccepted(error)) return 'success';
  if (isAppError(error, ...REFUSALS)) return 'answered';
  if (isAppError(error, 'UPSTREAM_TIMEOUT')) return 'timeout';
  return isAppError(error, 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_BAD_RESPONSE') ? 'failure' : 'none';
}

/** Creates the error of a call that an open circuit breaker rejects. */
export function breakerOpen(breaker: CircuitBreaker): AppError {
  const retryAfterS = Math.max(1, Math.ceil(breaker.refusesForMs / 1000));
  return new AppError('UPSTREAM_UNAVAILABLE', { reason: 'BREAKER_OPEN', retryAfterS, notSent: true });
}
