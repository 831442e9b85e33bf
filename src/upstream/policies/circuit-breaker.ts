import { AppError, isAppError, type ErrorCode } from '../../errors.ts';
import { isAccepted, type Policy } from '../operation.ts';

/** What one call says of the upstream's health. `answered`: it is there, whatever it thinks of us. */
export type Outcome = 'success' | 'failure' | 'timeout' | 'answered' | 'none';

export interface CircuitBreakerSettings {
  /** How many of the last calls are looked at. */
  readonly window: number;
  /** Failures that weigh less than this together decide nothing. */
  readonly minFailures: number;
  /** How many quick failures a timeout weighs as much as: it holds a place in the budget all the while. */
  readonly timeoutWeight: number;
  /** The share of failures, by weight and from 0 to 1, at which the breaker opens. */
  readonly failureRate: number;
  /** How long it stays open before one call tries; doubled each time that it fails, up to the maximum. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

export interface CircuitBreakerOptions extends CircuitBreakerSettings {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Told how many of the last calls failed. */
  readonly onOpen: (failed: number, of: number) => void;
  readonly onClose: () => void;
}

interface Open {
  until: number;
  pauseMs: number;
  halfOpen: boolean;
}

/** Told exactly once how the call went. */
export type Settle = (outcome: Outcome) => void;

/**
 * A circuit breaker judged on outcomes: while most of the last calls failed none is made, but for one at a
 * time after a pause, and the first that is answered closes it.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  /** What the last calls' failures weigh; 0 for a success. */
  #recent: number[] = [];
  #open: Open | undefined;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Milliseconds for which calls are refused; 0 where one may be made. */
  get refusesForMs(): number {
    if (!this.#open) return 0;
    const { until, pauseMs, halfOpen: probing } = this.#open;
    return probing ? pauseMs : Math.max(0, until - this.#options.now());
  }

  /** Lets a call through that must be judged afterwards, or gives back undefined where it must not be made. */
  tryAcquire(): Settle | undefined {
    if (this.refusesForMs > 0) return undefined;
    const probed = this.#open;
    if (!probed) return (outcome) => this.#settle(outcome);
    probed.halfOpen = true;
    return (outcome) => this.#settleProbe(probed, outcome);
  }

  #settle(outcome: Outcome): void {
    // What began before it opened says nothing new.
    if (this.#open || outcome === 'none' || outcome === 'answered') return;
    const { window, minFailures, timeoutWeight, failureRate, openMs, now, onOpen } = this.#options;
    const weight = { success: 0, failure: 1, timeout: timeoutWeight }[outcome];
    this.#recent = [...this.#recent.slice(1 - window), weight];
    const failed = this.#recent.filter((one) => one > 0).length;
    const failures = this.#recent.reduce((sum, one) => sum + one, 0);
    const successes = this.#recent.length - failed;
    if (failures < minFailures || failures < failureRate * (failures + successes)) return;
    this.#open = { until: now() + openMs, pauseMs: openMs, halfOpen: false };
    onOpen(failed, this.#recent.length);
  }

  #settleProbe(probed: Open, outcome: Outcome): void {
    probed.halfOpen = false;
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
 * Makes the attempt if the circuit breaker lets it, and settles the breaker with the outcome.
 *
 * @param options.minimumAttemptMs an attempt that its deadline ended sooner than this had waited for its turn,
 *   and does not count as a failure of the upstream.
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

/** Refusals by an upstream that works. */
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

export function breakerOpen(breaker: CircuitBreaker): AppError {
  const retryAfterS = Math.max(1, Math.ceil(breaker.refusesForMs / 1000));
  return new AppError('UPSTREAM_UNAVAILABLE', { reason: 'BREAKER_OPEN', retryAfterS, notSent: true });
}
