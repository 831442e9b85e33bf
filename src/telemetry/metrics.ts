import { Counter, Gauge, Registry, Histogram, collectDefaultMetrics } from 'prom-client';
import type { Part } from '../contact/parts/index.ts';
import { FastHistogram, FastCounter } from '../lib/fast-counter.ts';
import { PREFIX, exposition, ownMetrics, ownSamples, type Exposition, type Samples } from './exposition.ts';
import type { Health } from './health.ts';
import {
  isWithheldReason,
  knownMethod,
  knownSeries,
  type Configured,
  type RATE_LIMIT_DECISIONS,
  type CALL_PURPOSES,
  type PART_OUTCOMES,
  type READ_RESULTS,
  type WRITE_OUTCOMES,
} from './known-labels.ts';

/** How the values of several processes are combined. */
export type Aggregator = 'sum' | 'max' | 'min' | 'first';

export type RateLimitDecision = (typeof RATE_LIMIT_DECISIONS)[number];
/** The outcome of one part of a response. */
export type PartOutcome = (typeof PART_OUTCOMES)[number];
/** The outcome of a whole contact: `partial` if some parts were missing, `failed` if it could not be read. */
export type ReadResult = (typeof READ_RESULTS)[number];

/** One attempt of an upstream call. */
export interface MeasuredCall {
  /** The name of the upstream's operation. */
  readonly operation: string;
  readonly purpose: (typeof CALL_PURPOSES)[number];
  /** `SUCCESS` or the code of an AppError. */
  readonly outcome: string;
  readonly seconds: number;
}

/** The upstream's operation that reads a contact, which the cache saves. */
const CONTACT_READ = 'fetchContact';

/** Bucket bounds in seconds. `THRESHOLDS` are among them: a quantile is only known to be between two bounds. */
const CALL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10];
const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, ...CALL_SECONDS];

export interface MetricsOptions extends Configured {
  readonly version: string;
  readonly health: Health;
}

/** The metrics of this process. Every label has a closed list of values; request data never becomes a label. */
export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Creates the metrics of this process in a registry of their own. Known series begin at zero. Durations are in
 * seconds. `gauge` and `gauges` throw an Error if the name is in use.
 */
export function createMetrics({ version, health, ...configured }: MetricsOptions) {
  const known = knownSeries(configured);
  const registry = new Registry();
  const registers = [registry];

  const requests = counter('http_requests_total', 'Requests by route, method and status', [
    'route',
    'method',
    'status',
  ]);
  const durations = histogram(
    'http_request_duration_seconds',
    'Time from the request to the last byte written to the socket, by route',
    'route',
    REQUEST_SECONDS,
  );
  const parts = counter(
    'cache_parts_total',
    'Parts served: hit, stale, miss (fetched) or bypass (fetched on request)',
    ['part', 'outcome'],
  );
  const reads = counter('contact_reads_total', 'Contacts read: hit, stale, partial, miss, bypass or failed', [
    'result',
  ]);
  const collapsed = counter(
    'cache_collapsed_total',
    'Contacts read by sharing an upstream call that another read started',
    [],
  );
  const nearReads = counter('near_cache_reads_total', 'Reads of the near cache: hit or miss', ['outcome']);
  const writes = counter('writes_total', 'Writes by operation and outcome: done, replayed, none or unknown', [
    'operation',
    'outcome',
  ]);
  const undecodable = counter('cache_undecodable_total', 'Entries in Redis that could not be read', []);
  const calls = counter(
    'upstream_calls_total',
    'Upstream call attempts, by purpose (caller, retry, refresh) and outcome (SUCCESS or an error code)',
    ['purpose', 'outcome'],
  );
  const contactCalls = counter(
    'upstream_contact_calls_total',
    'Upstream call attempts that fetch a contact',
    [],
  );
  const callDurations = histogram(
    'upstream_call_duration_seconds',
    'Duration of upstream call attempts, by purpose',
    'purpose',
    CALL_SECONDS,
  );
  const withheld = counter(
    'upstream_calls_withheld_total',
    'Upstream calls not made, by reason: BREAKER_OPEN, QUEUE_FULL, QUEUE_TIMEOUT or HELD',
    ['reason'],
  );
  const decisions = counter(
    'rate_limit_decisions_total',
    'Requests by rate-limit decision: allowed, limited; uncounted or unavailable while Redis fails',
    ['tier', 'decision'],
  );
  const refusedTokens = counter('auth_refusals_total', 'Requests refused because of their token, by code', [
    'code',
  ]);
  const redisFailures = counter('redis_failures_total', 'Failed Redis operations, by code', ['code']);
  const invalidations = counter('invalidations_total', 'Contacts invalidated through this process', []);
  const violations = counter(
    'freshness_violations_total',
    'Observed invalidations after which another process had older data',
    [],
  );
  const propagations = new Histogram({
    name: `${PREFIX}freshness_propagation_seconds`,
    help: 'Time from an observed invalidation until another process had no older data',
    buckets: CALL_SECONDS,
    registers,
  });
  new Gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; the version is in the labels',
    labelNames: ['version', 'node'],
    aggregator: 'first',
    registers,
  }).set({ version, node: process.version }, 1);
  gauges('component_fault', '1 for each component with a fault in readiness', 'component', () =>
    health.report().reasons.map(({ component }) => [component, 1]),
  );

  /** Registers a gauge with one label whose values are read at each scrape. Values no longer read are removed. */
  function gauges(
    name: string,
    help: string,
    label: string,
    read: () => Iterable<readonly [string, number]>,
    aggregator: Aggregator = 'max',
  ): void {
    registry.registerMetric(
      new Gauge({
        name: PREFIX + name,
        help,
        labelNames: [label],
        aggregator,
        registers: [],
        collect() {
          this.reset();
          for (const [value, measured] of read()) this.set({ [label]: value }, measured);
        },
      }),
    );
  }

  /** Registers a counter that is kept in a `FastCounter` and exported at each scrape. */
  function counter(name: string, help: string, labelNames: string[]) {
    const fast = new FastCounter(labelNames.length);
    for (const labels of known[name] ?? []) fast.declare(...labels);
    registry.registerMetric(
      new Counter({
        name: PREFIX + name,
        help,
        labelNames,
        registers: [],
        collect() {
          this.reset();
          for (const { labels, count } of fast.series) this.labels(...labels.map(String)).inc(count);
        },
      }),
    );
    return fast;
  }

  function histogram(name: string, help: string, label: string, bounds: number[]) {
    const durations = new FastHistogram(PREFIX + name, help, label, bounds);
    for (const [value] of known[name] ?? []) durations.declare(String(value));
    registry.registerMetric(durations as unknown as Histogram);
    return durations;
  }

  return {
    write: (operation: string, outcome: (typeof WRITE_OUTCOMES)[number]): void =>
      writes.add(operation, outcome),
    request(route: string, method: string, status: number, seconds: number): void {
      requests.add(route, knownMethod(method), status);
      durations.observe(route, seconds);
    },
    part: (part: Part, outcome: PartOutcome): void => parts.add(part, outcome),
    contactRead(result: ReadResult, shared: boolean): void {
      reads.add(result);
      if (shared) collapsed.add();
    },
    nearRead: (hit: boolean): void => nearReads.add(hit ? 'hit' : 'miss'),
    undecodable: (): void => undecodable.add(),
    upstreamCall({ operation, purpose, outcome, seconds }: MeasuredCall): void {
      calls.add(purpose, outcome);
      if (operation === CONTACT_READ) contactCalls.add();
      callDurations.observe(purpose, seconds);
    },
    /** @param reason counted only if it is one of the reasons of `known-labels.ts`. */
    upstreamCallWithheld(reason: string | undefined): void {
      if (isWithheldReason(reason)) withheld.add(reason);
    },
    rateLimit: (tier: string, decision: RateLimitDecision): void => decisions.add(tier, decision),
    tokenRefused: (code: string): void => refusedTokens.add(code),
    redisFailure: (code: string): void => redisFailures.add(code),
    invalidation: (): void => invalidations.add(),
    freshnessViolation: (): void => violations.add(),
    freshnessPropagation: (seconds: number): void => propagations.observe(seconds),
    /** Registers a gauge that is read at each scrape; `aggregator` combines the values of several processes. */
    gauge(name: string, help: string, read: () => number, aggregator: Aggregator = 'sum'): void {
      registry.registerMetric(
        new Gauge({
          name: PREFIX + name,
          help,
          aggregator,
          registers: [],
          collect() {
            this.set(read());
          },
        }),
      );
    },
    /** As `gauge`, with one value per label value. The list of label values must be closed by configuration. */
    gauges,
    /** Renders the text that Prometheus scrapes. */
    render: (): Promise<Exposition> => exposition(registry),
    /** Reads our own metrics only: reading some of Node's resets them, which is reserved for scrapes. */
    samples: (): Promise<Samples> => ownSamples(registry),
    /** Reads all metrics, or only our own, for aggregation with other processes. */
    snapshot: (which: 'all' | 'own') =>
      which === 'all'
        ? registry.getMetricsAsJSON()
        : Promise.all(ownMetrics(registry).map((one) => one.get())),
    /** Registers prom-client's default metrics: memory, garbage collection, event-loop lag and others. */
    collectProcess: (): void => collectDefaultMetrics({ register: registry }),
  };
}
