import { INCLUDES, PARTS } from '../contact/parts/index.ts';

/**
 * Label values that are known at the start. Their series begin at 0 with the process: Prometheus's `increase()`
 * does not see the first event of a series that begins with it, so an alert on a rare event would never fire.
 */
export const CONTACT_ROUTES = [
  '/contacts',
  '/contacts/:id',
  ...INCLUDES.map((include) => `/contacts/:id/${include}`),
];
/** A success, and the failures that `ZyntroBffErrors` counts. */
const STATUSES = [200, 500, 502, 503, 504];

export const READ_RESULTS = ['hit', 'stale', 'partial', 'miss', 'bypass', 'failed'] as const;
export const PART_OUTCOMES = ['hit', 'stale', 'miss', 'bypass'] as const;
export const CALL_PURPOSES = ['caller', 'retry', 'refresh'] as const;
/** `uncounted` and `unavailable`: the store failed, and the policy allowed or refused the request. */
export const RATE_LIMIT_DECISIONS = ['allowed', 'limited', 'uncounted', 'unavailable'] as const;
export const WRITE_OUTCOMES = ['done', 'replayed', 'none', 'unknown'] as const;
export const WITHHELD_REASONS = ['BREAKER_OPEN', 'QUEUE_FULL', 'QUEUE_TIMEOUT', 'HELD'] as const;

const CALL_OUTCOMES = [
  'SUCCESS',
  'CONTACT_NOT_FOUND',
  'UPSTREAM_CREDENTIALS_REJECTED',
  'UPSTREAM_EGRESS_REJECTED',
  'UPSTREAM_BAD_RESPONSE',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
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
];

/** The known series of each metric: the values of its labels, in the order of the labels. */
export const KNOWN_SERIES = {
  http_requests_total: product(CONTACT_ROUTES, ['GET'], STATUSES),
  http_request_duration_seconds: product(CONTACT_ROUTES),
  cache_parts_total: product(PARTS, PART_OUTCOMES),
  contact_reads_total: product(READ_RESULTS),
  near_cache_reads_total: product(['hit', 'miss']),
  upstream_calls_total: product(CALL_PURPOSES, CALL_OUTCOMES),
  upstream_call_duration_seconds: product(CALL_PURPOSES),
  upstream_calls_withheld_total: product(WITHHELD_REASONS),
  auth_refusals_total: product(AUTH_REFUSALS),
} as const;

type Label = string | number;

/** Returns every combination of one value of each list. */
export function product(...lists: readonly (readonly Label[])[]): readonly (readonly Label[])[] {
  return lists.reduce<readonly (readonly Label[])[]>(
    (combinations, values) => combinations.flatMap((one) => values.map((value) => [...one, value])),
    [[]],
  );
}
