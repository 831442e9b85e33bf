/**
 * The limits beyond which requests fail or are slow. The dashboard evaluates them over the last minute, and the
 * alerts of `config/prometheus/alerts.yml` over their own windows; a test compares the numbers.
 */
export const THRESHOLDS = {
  /** The share of users' requests with a 5xx response, if there are at least `minFailures`. */
  failedShare: 0.05,
  minFailures: 5,
  /** The same for an instance with few requests, over a longer time. */
  failedShareAtLowTraffic: 0.5,
  minFailuresAtLowTraffic: 3,
  /** The 95th percentile of the response time of users' requests, in seconds. */
  slowS: 2,
  /** The 95th percentile of the duration of upstream calls, in seconds. */
  slowUpstreamS: 3,
  /** The share of the queue of upstream calls that is in use. */
  queueShare: 0.5,
  /** Event-loop lag as a share of the lag at which requests are rejected. */
  lagShare: 0.1,
} as const;
