import type { Sample, Samples } from './exposition.ts';

/** Counters of the process, or of all workers, at one time. */
export interface Totals {
  /** Seconds of a monotonic clock. */
  readonly time: number;
  readonly requests: number;
  readonly failures: number;
  readonly hits: number;
  readonly misses: number;
  readonly calls: number;
  readonly callFailures: number;
  /** Calls not made, by reason. */
  readonly withheld: ReadonlyMap<string, number>;
  /** Requests with at most this response time, by seconds. */
  readonly buckets: ReadonlyMap<number, number>;
  readonly callBuckets: ReadonlyMap<number, number>;
}

/** The events between two times, and the response times of users' requests in seconds. */
export interface Interval {
  readonly seconds: number;
  readonly requests: number;
  /** Requests with a 5xx response. */
  readonly failures: number;
  /** Parts from the cache, and parts that were fetched. */
  readonly hits: number;
  readonly misses: number;
  readonly calls: number;
  readonly callFailures: number;
  readonly withheld: number;
  /** Null without requests. */
  readonly median: number | null;
  readonly p95: number | null;
  /** The 95th percentile of the duration of upstream calls. */
  readonly callP95: number | null;
}

type Keep = (labels: Sample['labels']) => boolean;

/** The routes that require a token, without health checks, documents and the admin port. As in the alerts. */
export const USER_ROUTES = /^\/(contacts|members)/;
const isOfUsers: Keep = ({ route }) => USER_ROUTES.test(String(route));
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
    withheld: new Map(withheld.map(({ labels, value }) => [String(labels['reason']), value])),
    buckets: bucketsOf(samples['http_request_duration_seconds_bucket'], isOfUsers),
    callBuckets: bucketsOf(samples['upstream_call_duration_seconds_bucket'], () => true),
  };
}

/** Returns the events between two totals. A counter of a worker that restarted counts as unchanged. */
export function between(before: Totals, after: Totals): Interval {
  const grown = (name: 'requests' | 'failures' | 'hits' | 'misses' | 'calls' | 'callFailures'): number =>
    Math.max(0, after[name] - before[name]);
  const responseTimes = growthOf(before.buckets, after.buckets);
  return {
    seconds: Math.max(after.time - before.time, 0.001),
    requests: grown('requests'),
    failures: grown('failures'),
    hits: grown('hits'),
    misses: grown('misses'),
    calls: grown('calls'),
    callFailures: grown('callFailures'),
    withheld: [...growthOf(before.withheld, after.withheld).values()].reduce((all, count) => all + count, 0),
    median: quantile(responseTimes, 0.5),
    p95: quantile(responseTimes, 0.95),
    callP95: quantile(growthOf(before.callBuckets, after.callBuckets), 0.95),
  };
}

export function growthOf<Key>(
  before: ReadonlyMap<Key, number>,
  after: ReadonlyMap<Key, number>,
): Map<Key, number> {
  return new Map([...after].map(([key, count]) => [key, Math.max(0, count - (before.get(key) ?? 0))]));
}

/** Interpolates linearly within a bucket, as Prometheus does. Returns null without measurements. */
export function quantile(buckets: ReadonlyMap<number, number>, share: number): number | null {
  const counts = [...buckets].toSorted(([a], [b]) => a - b);
  const total = counts.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const rank = share * total;
  let [lower, below] = [0, 0];
  for (const [bound, count] of counts) {
    if (count >= rank) {
      if (bound === Infinity) return lower;
      return lower + (bound - lower) * ((rank - below) / Math.max(count - below, 1));
    }
    [lower, below] = [bound, count];
  }
  return lower;
}

function bucketsOf(samples: readonly Sample[] | undefined, keep: Keep): Map<number, number> {
  const buckets = new Map<number, number>();
  for (const { labels, value } of samples ?? []) {
    if (!keep(labels)) continue;
    const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  return buckets;
}

function sum(samples: readonly Sample[] | undefined, keep: Keep): number {
  let total = 0;
  for (const { labels, value } of samples ?? []) if (keep(labels)) total += value;
  return total;
}
