import { AppError, isAppError } from '../errors.ts';
import { sleeper, type SetTimer } from '../lib/timers.ts';
import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { callUpstream, type UpstreamCallOptions } from './call-upstream.ts';
import type { UpstreamCredentials } from './credentials.ts';
import { wrap, type UpstreamCall, type UpstreamInput, type UpstreamOperation } from './operation.ts';
import { Bulkhead, bulkhead } from './policies/bulkhead.ts';
import {
  breakerOpen,
  CircuitBreaker,
  circuitBreaker,
  type CircuitBreakerSettings,
} from './policies/circuit-breaker.ts';
import { credentialHold, type HoldSettings } from './policies/credential-hold.ts';
import { failFast } from './policies/fail-fast.ts';
import { measure } from './policies/measure.ts';
import { report } from './policies/report.ts';
import { retry, type RetrySettings } from './policies/retry.ts';
import { trace } from './policies/trace.ts';
import { attemptOutcome, callOutcome } from './policies/write-outcome.ts';

export interface PolicySettings {
  /** Milliseconds for a whole call: the wait for its turn, its attempts and the delay between them. */
  readonly timeoutMs: number;
  /** Attempts in flight at a time. */
  readonly maxConcurrency: number;
  /** Attempts started per second; undefined for no limit. */
  readonly maxPerSecond: number | undefined;
  /** Attempts that wait for their turn at a time. */
  readonly maxQueue: number;
  readonly retry: RetrySettings;
  readonly breaker: CircuitBreakerSettings;
  readonly credentialHold: HoldSettings;
}

export interface UpstreamClientOptions extends UpstreamCallOptions {
  /** Returns the current credentials of an organization; undefined if it does not have any. */
  readonly credentialsOf: (org: string) => UpstreamCredentials | undefined;
  readonly baseUrl: URL;
  readonly policies: PolicySettings;
  /** Returns the name under which faults of an organization's credentials are reported. */
  readonly component: (org: string) => string;
  readonly log: Log;
  readonly health: Health;
  readonly metrics: Pick<Metrics, 'gauge' | 'upstreamCall' | 'upstreamCallWithheld'>;
  /** Returns a random number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly setTimer: SetTimer;
}

/**
 * Calls an operation through all policies, with the credentials that the organization has now.
 *
 * @throws AppError `ORG_NOT_CONFIGURED`, or as `UpstreamCall` does.
 */
export type Upstream = <Input extends UpstreamInput, Output>(
  operation: UpstreamOperation<Input, Output>,
  input: Input,
  options: {
    /** Aborts when all callers have stopped waiting for the response. */
    readonly signal: AbortSignal;
    /** Default `caller`; a background `refresh` gives way to callers. */
    readonly purpose?: 'caller' | 'refresh';
  },
) => Promise<Output>;

/** Makes one attempt of any operation, without policies. */
export function createSend(options: UpstreamCallOptions): UpstreamCall {
  return async function send(operation, input, callOptions) {
    const body = operation.body(input, callOptions.credentials);
    const text = await callUpstream(options, operation.path, body, callOptions);
    return operation.decode(text, input);
  };
}

/**
 * Creates the client of the upstream account. Its policies are built once: all operations share one bulkhead, one
 * circuit breaker and one retry budget.
 */
export function createUpstream(options: UpstreamClientOptions): Upstream {
  const { policies, now, metrics } = options;
  const { breaker, turns } = createAccountState(options);
  const call = wrap(
    callOutcome(),
    credentialHold({ ...policies.credentialHold, now }),
    retry({ ...policies.retry, now, random: options.random, sleep: sleeper(options.setTimer) }),
    failFast(breaker),
    bulkhead(turns, now),
    circuitBreaker(breaker, { minimumAttemptMs: policies.timeoutMs / 2, now }),
    report(options),
    measure({ metrics, now }),
    trace({ baseUrl: options.baseUrl }),
    attemptOutcome(),
  )(createSend(options));

  return async function callThroughPolicies(operation, input, { signal, purpose = 'caller' }) {
    try {
      const credentials = options.credentialsOf(input.org);
      // The request was not sent, so a write did not take effect.
      if (!credentials)
        throw new AppError('ORG_NOT_CONFIGURED', operation.idempotent ? {} : { outcome: 'none' });
      return await call(operation, input, {
        credentials,
        signal,
        priority: purpose,
        deadline: now() + policies.timeoutMs,
      });
    } catch (error) {
      if (isAppError(error)) metrics.upstreamCallWithheld(error.details.reason);
      throw error;
    }
  };
}

const COMPONENT = 'upstream breaker';

/** Creates the circuit breaker and the bulkhead of the account, and registers their gauges. */
function createAccountState({ policies, log, health, metrics, now, setTimer }: UpstreamClientOptions) {
  const { maxConcurrency, maxPerSecond, maxQueue } = policies;
  const turns = new Bulkhead({ maxConcurrency, maxPerSecond, maxQueue, now, setTimer });
  const breaker = new CircuitBreaker({
    ...policies.breaker,
    now,
    onOpen(failed, of) {
      health.fail(COMPONENT, `circuit breaker open: ${failed} of the last ${of} upstream calls failed`);
      log.error({ failed, of }, 'circuit breaker opened');
      turns.rejectQueued(() => breakerOpen(breaker));
    },
    onClose() {
      health.recover(COMPONENT);
      log.info('circuit breaker closed');
    },
  });
  metrics.gauge('upstream_calls_active', 'Upstream calls in flight', () => turns.active);
  metrics.gauge('upstream_calls_active_max', 'Limit of upstream calls in flight', () => maxConcurrency);
  metrics.gauge('upstream_calls_waiting', 'Upstream calls waiting for their turn', () => turns.waiting);
  metrics.gauge('upstream_calls_waiting_max', 'Limit of upstream calls waiting', () => maxQueue);
  metrics.gauge(
    'upstream_breaker_open',
    '1 while the circuit breaker is open',
    () => (breaker.isOpen ? 1 : 0),
    'max',
  );
  return { breaker, turns };
}
