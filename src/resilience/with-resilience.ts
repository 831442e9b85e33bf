import type { AttemptRawParts, FetchRawParts } from '../contact/fetch-parts.ts';
import { isAppError } from '../errors.ts';
import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { CircuitBreaker, type CircuitBreakerSettings } from './circuit-breaker.ts';
import { sleeper, type SetTimer } from './timers.ts';
import { Bulkhead } from './bulkhead.ts';
import { breakerOpen, circuitBreaker, failFast } from './with-breaker.ts';
import { withCredentialHold, type HoldSettings } from './with-credential-hold.ts';
import { withinBudget } from './within-budget.ts';
import { withRetry, type RetrySettings } from './with-retry.ts';

export interface ResilienceOptions {
  /** Milliseconds for a whole call: its wait for a turn, its attempts and the pause between them. */
  readonly timeoutMs: number;
  readonly maxConcurrency: number;
  readonly maxPerSecond: number | undefined;
  readonly maxQueue: number;
  readonly retry: RetrySettings;
  readonly breaker: CircuitBreakerSettings;
  readonly credentialHold: HoldSettings;
  readonly credentialsOf: (org: string) => object | undefined;
  readonly log: Log;
  readonly health: Health;
  readonly metrics: Pick<Metrics, 'gauge' | 'upstreamCallWithheld'>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly random: () => number;
  readonly setTimer: SetTimer;
}

const COMPONENT = 'upstream breaker';

/**
 * Bounds what calls cost us and the upstream, outermost step last: an attempt is judged, waits for its turn
 * before, is refused before that while the breaker is open, may be made twice, and is held back where the
 * upstream keeps refusing the credentials.
 */
export function withResilience(attempt: AttemptRawParts, options: ResilienceOptions): FetchRawParts {
  const { timeoutMs, now, log, health, metrics } = options;
  const budget = new Bulkhead(options);
  const breaker = new CircuitBreaker({
    ...options.breaker,
    now,
    onOpen(failed, of) {
      health.fail(COMPONENT, `circuit breaker open: ${failed} of the last ${of} upstream calls failed`);
      log.error({ failed, of }, 'the circuit breaker opened: the upstream is left alone but for a probe');
      budget.rejectQueued(() => breakerOpen(breaker));
    },
    onClose() {
      health.recover(COMPONENT);
      log.info('the circuit breaker closed: the upstream answers again');
    },
  });
  metrics.gauge('upstream_calls_active', 'Upstream calls under way', () => budget.active);
  metrics.gauge(
    'upstream_calls_active_max',
    'Upstream calls that may be under way at a time',
    () => options.maxConcurrency,
  );
  metrics.gauge('upstream_calls_waiting', 'Upstream calls that wait for their turn', () => budget.waiting);
  metrics.gauge('upstream_calls_waiting_max', 'Upstream calls that may wait', () => options.maxQueue);
  metrics.gauge(
    'upstream_breaker_open',
    '1 while the circuit breaker is open',
    () => (breaker.isOpen ? 1 : 0),
    'max',
  );

  const attemptJudged = circuitBreaker(attempt, breaker, { minimumAttemptMs: timeoutMs / 2, now });
  const attemptInTurn = withinBudget(attemptJudged, budget, now);
  const attemptUnlessOpen = failFast(attemptInTurn, breaker);
  const attemptTwice = withRetry(attemptUnlessOpen, {
    ...options,
    ...options.retry,
    sleep: sleeper(options.setTimer),
  });
  const attemptUnlessHeld = withCredentialHold(attemptTwice, { ...options, ...options.credentialHold });

  return async function fetchWithResilience(query, { signal, purpose = 'caller' }) {
    try {
      return await attemptUnlessHeld(query, { signal, priority: purpose, deadline: now() + timeoutMs });
    } catch (error) {
      if (isAppError(error)) metrics.upstreamCallWithheld(error.details.reason);
      throw error;
    }
  };
}
