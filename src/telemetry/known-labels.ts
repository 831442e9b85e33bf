import { PARTS } from '../contact/parts/index.ts';

/**
 * Label values that are known at the start. Their series begin at 0 with the process: Prometheus's `increase()`
 * does not see the first event of a series that begins with it, so an alert on a rare event would never fire.
 */
export const READ_RESULTS = ['hit', 'stale', 'partial', 'miss', 'bypass', 'failed'] as const;
export const PART_OUTCOMES = ['hit', 'stale', 'miss', 'bypass'] as const;
export const CALL_PURPOSES = ['caller', 'retry', 'refresh'] as const;
/** `uncounted` and `unavailable`: the store failed, and the policy allowed or refused the request. */
export const RATE_LIMIT_DECISIONS = ['allowed', 'limited', 'uncounted', 'unavailable'] as const;
export const WRITE_OUTCOMES = ['done', 'replayed', 'none', 'unknown'] as const;
const WITHHELD_REASONS = ['BREAKER_OPEN', 'QUEUE_FULL', 'QUEUE_TIMEOUT', 'HELD'] as const;

const CALL_OUTCOMES = [
  'SUCCESS',
  'CONTACT_NOT_FOUND',
  'CONTACT_EXISTS',
  'NOT_CONTACT_OWNER',
  'ORG_NOT_CONFIGURED',
  'UPSTREAM_CREDENTIALS_REJECTED',
  'UPSTREAM_EGRESS_REJECTED',
  'UPSTREAM_BAD_RESPONSE',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_REFUSED',
  'CLIENT_GONE',
  'INTERNAL_ERROR',
];
const AUTH_REFUSALS = [
  'MISSING_TOKEN',
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'INSUFFICIENT_SCOPE',
  'ORG_NOT_CONFIGURED',
  'CSRF_HEADER_MISSING',
  'NOT_CONTACT_OWNER',
];
/** The failures that `ZyntroBffErrors` counts. */
const FAILURE_STATUSES = [500, 502, 503, 504];

/** A route of the public port, and the status of its successes. */
export interface KnownRoute {
  /** The operation's id. */
  readonly id: string;
  readonly path: string;
  readonly method: string;
  readonly status: number;
  /** Whether it can change something. */
  readonly isWrite: boolean;
}

export interface Configured {
  /** The routes that require a token. */
  readonly routes: readonly KnownRoute[];
  /** The names of the rate-limit tiers, those of writes included. */
  readonly tiers: Iterable<string>;
  /** The codes of known Redis failures; empty without Redis. */
  readonly redisCodes: readonly string[];
}

/** Returns the known series of each metric: the values of its labels, in the order of the labels. */
export function knownSeries({ routes, tiers, redisCodes }: Configured): Readonly<Record<string, Series>> {
  return {
    http_requests_total: routes.flatMap(({ path, method, status }) =>
      product([path], method === 'GET' ? ['GET', 'HEAD'] : [method], [status, ...FAILURE_STATUSES]),
    ),
    http_request_duration_seconds: product([...new Set(routes.map(({ path }) => path))]),
    cache_parts_total: product(PARTS, PART_OUTCOMES),
    contact_reads_total: product(READ_RESULTS),
    writes_total: product(
      routes.filter(({ isWrite }) => isWrite).map(({ id }) => id),
      WRITE_OUTCOMES,
    ),
    near_cache_reads_total: product(['hit', 'miss']),
    upstream_calls_total: product(CALL_PURPOSES, CALL_OUTCOMES),
    upstream_call_duration_seconds: product(CALL_PURPOSES),
    upstream_calls_withheld_total: product(WITHHELD_REASONS),
    rate_limit_decisions_total: product([...tiers], RATE_LIMIT_DECISIONS),
    auth_refusals_total: product(AUTH_REFUSALS),
    redis_failures_total: product(redisCodes),
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']);

/** Bounds the `method` label: clients can invent methods. */
export function knownMethod(method: string): string {
  return METHODS.has(method) ? method : 'other';
}

const WITHHELD = new Set<string | undefined>(WITHHELD_REASONS);

export function isWithheldReason(reason: string | undefined): reason is string {
  return WITHHELD.has(reason);
}

type Series = readonly (readonly Label[])[];
type Label = string | number;

/** Returns every combination of one value of each list. */
function product(...lists: readonly (readonly Label[])[]): Series {
  return lists.reduce<Series>(
    (combinations, values) => combinations.flatMap((one) => values.map((value) => [...one, value])),
    [[]],
  );
}
