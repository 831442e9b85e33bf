import type { Sample, Samples } from './exposition.ts';

/** Counts by the value of one label. */
export type Counts = Readonly<Record<string, number>>;

/** The counters of the dashboard, as plain data that processes can send to each other. */
export interface Counters {
  /** Requests of users. */
  readonly requests: number;
  /** Requests of users with a 5xx response. */
  readonly failures: number;
  /** Parts from the cache, and parts that were fetched. */
  readonly hits: number;
  readonly misses: number;
  readonly calls: number;
  readonly callFailures: number;
  /** Calls not made, by reason. */
  readonly withheld: Counts;
  /** Requests of users with at most this response time, by seconds. */
  readonly buckets: Counts;
  readonly callBuckets: Counts;
}

/** The counters of the process, or of all workers, at one time. */
export interface Totals extends Counters {
  /** Seconds of a monotonic clock. */
  readonly time: number;
}

type Keep = (labels: Sample['labels']) => boolean;

/**
 * The routes without a user: documents, health checks, the admin port, and paths that do not exist. Every other
 * route is an operation. The dashboard, the alerts and the Grafana panels exclude the same routes.
 */
export const SERVICE_ROUTES =
  'unmatched|/|/(docs|page)(/.*)?|/(healthz|invalidations|metrics|openapi[.]json|readyz|revocations|status)';
const OF_SERVICE = new RegExp(`^(?:${SERVICE_ROUTES})$`);
const isOfUsers: Keep = ({ route }) => !OF_SERVICE.test(String(route));
const isFailure: Keep = (labels) => isOfUsers(labels) && Number(labels['status']) >= 500;
const isFromCache: Keep = ({ outcome }) => outcome === 'hit' || outcome === 'stale';
/** Other outcomes are successes, refusals of one operation (such as CONTACT_NOT_FOUND), or canceled calls. */
const FAILED_CALLS = new Set<unknown>([
  'UPSTREAM_CREDENTIALS_REJECTED',
  'UPSTREAM_EGRESS_REJECTED',
  'UPSTREAM_BAD_RESPONSE',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'INTERNAL_ERROR',
]);
const isFailedCall: Keep = ({ outcome }) => FAILED_CALLS.has(outcome);

/**
 * Adds up the samples of one process, or of all workers, to the dashboard's counters. A metric without samples
 * counts as 0.
 *
 * @param time seconds of a monotonic clock, at which the samples were read.
 */
export function totalsOf(samples: Samples, time: number): Totals {
  const requests = samples['http_requests_total'];
  const parts = samples['cache_parts_total'];
  const calls = samples['upstream_calls_total'];
  const withheld = samples['upstream_calls_withheld_total'] ?? [];
  return {
    time,
    requests: sum(requests, isOfUsers),
    failures: sum(requests, isFailure),
    hits: sum(parts, isFromCache),
    misses: sum(parts, (labels) => !isFromCache(labels)),
    calls: sum(calls, () => true),
    callFailures: sum(calls, isFailedCall),
    withheld: Object.fromEntries(withheld.map(({ labels, value }) => [String(labels['reason']), value])),
    buckets: bucketsOf(samples['http_request_duration_seconds_bucket'], isOfUsers),
    callBuckets: bucketsOf(samples['upstream_call_duration_seconds_bucket'], () => true),
  };
}

function bucketsOf(samples: readonly Sample[] | undefined, keep: Keep): Counts {
  const buckets: Record<string, number> = {};
  for (const { labels, value } of samples ?? []) {
    if (!keep(labels)) continue;
    const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
    buckets[bound] = (buckets[bound] ?? 0) + value;
  }
  return buckets;
}

function sum(samples: readonly Sample[] | undefined, keep: Keep): number {
  let total = 0;
  for (const { labels, value } of samples ?? []) if (keep(labels)) total += value;
  return total;
}
