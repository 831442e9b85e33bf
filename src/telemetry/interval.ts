import type { Counters, Counts, Totals } from './totals.ts';

/** The events between two times. */
export interface Growth extends Counters {
  /** Seconds of a monotonic clock. */
  readonly from: number;
  readonly to: number;
}

/** The events of a growth as the dashboard shows them, with the response times of users' requests in seconds. */
export interface Interval extends Omit<Counters, 'withheld' | 'buckets' | 'callBuckets'> {
  readonly seconds: number;
  readonly withheld: number;
  /** Null without requests. */
  readonly median: number | null;
  readonly p95: number | null;
  /** The 95th percentile of the duration of upstream calls. */
  readonly callP95: number | null;
}

/** Returns the events between two totals. A counter that fell counts as unchanged. */
export function growthOf(before: Totals, after: Totals): Growth {
  return { from: before.time, to: after.time, ...combine(after, before, grown) };
}

/** Adds the events of two adjacent or equal times. */
export function sumOf(a: Growth, b: Growth): Growth {
  return { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to), ...combine(a, b, added) };
}

/**
 * Summarizes the events of a growth. `seconds` is at least 0.001, so that rates are finite; `median`, `p95` and
 * `callP95` are in seconds, interpolated within buckets, and null without measurements.
 */
export function intervalOf(growth: Growth): Interval {
  const { requests, failures, hits, misses, calls, callFailures } = growth;
  return {
    seconds: Math.max(growth.to - growth.from, 0.001),
    requests,
    failures,
    hits,
    misses,
    calls,
    callFailures,
    withheld: Object.values(growth.withheld).reduce((all, count) => all + count, 0),
    median: quantile(growth.buckets, 0.5),
    p95: quantile(growth.buckets, 0.95),
    callP95: quantile(growth.callBuckets, 0.95),
  };
}

/** Interpolates linearly within a bucket, as Prometheus does. Returns null without measurements. */
export function quantile(buckets: Counts, share: number): number | null {
  const counts = Object.entries(buckets)
    .map(([bound, count]) => [Number(bound), count] as const)
    .toSorted(([a], [b]) => a - b);
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

type Operator = (a: number, b: number) => number;

const grown: Operator = (now, then) => Math.max(0, now - then);
const added: Operator = (one, other) => one + other;

function combine(a: Counters, b: Counters, apply: Operator): Counters {
  const each = (one: Counts, other: Counts): Counts =>
    Object.fromEntries(
      Object.keys({ ...one, ...other }).map((key) => [key, apply(one[key] ?? 0, other[key] ?? 0)]),
    );
  return {
    requests: apply(a.requests, b.requests),
    failures: apply(a.failures, b.failures),
    hits: apply(a.hits, b.hits),
    misses: apply(a.misses, b.misses),
    calls: apply(a.calls, b.calls),
    callFailures: apply(a.callFailures, b.callFailures),
    withheld: each(a.withheld, b.withheld),
    buckets: each(a.buckets, b.buckets),
    callBuckets: each(a.callBuckets, b.callBuckets),
  };
}
