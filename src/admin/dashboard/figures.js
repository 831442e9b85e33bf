/** Converts counters to rates and latencies. Independent of the DOM. */

const all = () => true;
const isContacts = ({ route }) => route.startsWith('/contacts');
const isFailure = ({ status }) => Number(status) >= 500;
const fromCache = ({ outcome }) => outcome === 'hit' || outcome === 'stale';
/** Successful calls; a contact that does not exist is a valid response. */
const isSuccess = ({ outcome }) => outcome === 'SUCCESS' || outcome === 'CONTACT_NOT_FOUND';

export function sum(samples = [], keep = all) {
  return samples.reduce((total, { labels, value }) => total + (keep(labels) ? value : 0), 0);
}

/** Returns the counters at the time of one status, as input of `between`. */
export function totalsOf(status) {
  const { metrics } = status;
  const requests = metrics.http_requests_total;
  const parts = metrics.cache_parts_total;
  const calls = metrics.upstream_calls_total;
  const buckets = new Map();
  for (const { labels, value } of metrics.http_request_duration_seconds_bucket ?? []) {
    if (!isContacts(labels)) continue;
    const bound = labels.le === '+Inf' ? Infinity : Number(labels.le);
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  return {
    at: Date.parse(status.at) / 1000,
    startedAt: Date.parse(status.at) / 1000 - status.uptimeS,
    requests: sum(requests, isContacts),
    failures: sum(requests, (labels) => isContacts(labels) && isFailure(labels)),
    hits: sum(parts, fromCache),
    misses: sum(parts, (labels) => !fromCache(labels)),
    calls: sum(calls),
    callFailures: sum(calls, (labels) => !isSuccess(labels)),
    buckets,
  };
}

const RATES = ['requests', 'failures', 'hits', 'misses', 'calls', 'callFailures'];

/** Returns the rates per second and the latency in seconds between two sets of totals. */
export function between(before, after) {
  const seconds = Math.max(after.at - before.at, 0.001);
  const rates = RATES.map((name) => [name, (after[name] - before[name]) / seconds]);
  const counts = [...after.buckets].map(([bound, count]) => [
    bound,
    count - (before.buckets.get(bound) ?? 0),
  ]);
  return {
    at: after.at,
    ...Object.fromEntries(rates),
    median: quantile(counts, 0.5),
    p95: quantile(counts, 0.95),
  };
}

/** Interpolates linearly within a bucket, as Prometheus does. Returns null without measurements. */
export function quantile(cumulative, share) {
  const counts = cumulative.toSorted(([a], [b]) => a - b);
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

/** Returns whether the process restarted, which resets its counters. */
export function isAnotherProcess(before, after) {
  return Math.abs(before.startedAt - after.startedAt) > 1.5;
}

/** Groups samples into rows by one label and columns by another. */
export function pivot(samples = [], row, column) {
  const rows = new Map();
  for (const { labels, value } of samples) {
    const cells = rows.get(labels[row]) ?? {};
    cells[labels[column]] = (cells[labels[column]] ?? 0) + value;
    rows.set(labels[row], cells);
  }
  return rows;
}

const three = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const number = (value) => (value >= 100 ? whole : three).format(value);
export const perSecond = (value) => `${number(value)}/s`;
export const percent = (share) => (Number.isFinite(share) ? `${three.format(share * 100)}\u00a0%` : '–');
export const megabytes = (bytes) => `${number(bytes / 1048576)} MB`;

export function seconds(value) {
  if (value === null || value === undefined) return '–';
  return value < 1 ? `${three.format(value * 1000)} ms` : `${three.format(value)} s`;
}

export function span(totalSeconds) {
  const minutes = Math.floor(totalSeconds / 60);
  if (minutes < 1) return `${Math.floor(totalSeconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}
