import type { AttemptRawParts } from '../contact/fetch-parts.ts';
import { AppError, isAppError } from '../errors.ts';
import type { CircuitBreaker, Outcome } from './circuit-breaker.ts';

/** Refuses attempts at once while the breaker is open, before they wait for anything. */
export function failFast(attempt: AttemptRawParts, breaker: CircuitBreaker): AttemptRawParts {
  return async function attemptUnlessOpen(query, options) {
    if (breaker.refusesForMs > 0) throw breakerOpen(breaker);
    return attempt(query, options);
  };
}

/**
 * Makes the attempt where the breaker lets it, and tells the breaker what it says of the upstream's health.
 *
 * @param options.patienceMs an attempt that ran out of its caller's time sooner than this, since it had
 *   waited for its turn, is no sign of ill health.
 */
export function circuitBreaker(
  attempt: AttemptRawParts,
  breaker: CircuitBreaker,
  options: { readonly minimumAttemptMs: number; readonly now: () => number },
): AttemptRawParts {
  const { minimumAttemptMs: patienceMs, now } = options;
  return async function attemptAndJudge(query, attemptOptions) {
    const settle = breaker.tryAcquire();
    if (!settle) throw breakerOpen(breaker);
    const { signal, deadline } = attemptOptions;
    const begunAt = now();
    let outcome: Outcome = 'none';
    try {
      const parts = await attempt(query, attemptOptions);
      outcome = 'success';
      return parts;
    } catch (error) {
      const cutShort = now() >= deadline && now() - begunAt < patienceMs;
      if (!signal.aborted && !cutShort) outcome = outcomeOf(error);
      throw error;
    } finally {
      settle(outcome);
    }
  };
}

function outcomeOf(error: unknown): Outcome {
  if (isAppError(error, 'CONTACT_NOT_FOUND')) return 'success';
  if (isAppError(error, 'UPSTREAM_CREDENTIALS_REJECTED', 'UPSTREAM_EGRESS_REJECTED')) return 'answered';
  if (isAppError(error, 'UPSTREAM_TIMEOUT')) return 'timeout';
  return isAppError(error, 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_BAD_RESPONSE') ? 'failure' : 'none';
}

export function breakerOpen(breaker: CircuitBreaker): AppError {
  const retryAfterS = Math.max(1, Math.ceil(breaker.refusesForMs / 1000));
  return new AppError('UPSTREAM_UNAVAILABLE', { reason: 'BREAKER_OPEN', retryAfterS });
}
