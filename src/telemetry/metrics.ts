import {
  Counter,
  Gauge,
  Registry,
  collectDefaultMetrics,
  type Histogram,
  type MetricValueWithName,
} from 'prom-client';
import type { Part } from '../contact/parts.ts';
import type { Health } from './health.ts';
import { FastHistogram, FastCounter } from '../lib/fast-counter.ts';

/** What the values of several processes come to. */
export type Aggregator = 'sum' | 'max' | 'min' | 'first';

const PREFIX = 'zyntro_bff_';

/** How one part of an answer came about. */
/** `uncounted` and `unavailable`: the store failed, and the policy let the request through or refused it. */
export type RateLimitDecision = 'allowed' | 'limited' | 'uncounted' | 'unavailable';
export type PartOutcome = 'hit' | 'stale' | 'miss' | 'bypass';
/** How a whole contact did: `partial` where some parts were missing, `failed` where it could not be read. */
export type ReadResult = PartOutcome | 'partial' | 'failed';

/** A value and what tells it from others of the same metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Bounds of the buckets, in seconds: from a hit in memory to the longest call that is waited for. */
const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CALL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface MetricsOptions {
  readonly version: string;
  readonly health: Health;
}

/** What is counted. Every label has a closed list of values: nothing that a request brings becomes one. */
export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics({ version, health }: MetricsOptions) {
  const registry = new Registry();
  const registers = [registry];

  const requests = counter('http_requests_total', 'Requests answered, by route and status', [
    'route',
    'method',
    'status',
  ]);
  const durations = histogram(
    'http_request_duration_seconds',
    'From the request to the last byte handed to the socket, by route',
    'route',
    REQUEST_SECONDS,
  );
  const parts = counter(
    'cache_parts_total',
    'Parts served: hit, stale, miss (fetched) or bypass (asked for anew)',
    ['part', 'outcome'],
  );
  const reads = counter('contact_reads_total', 'Contacts read: hit, stale, partial, miss, bypass or failed', [
    'result',
  ]);
  const collapsed = counter(
    'cache_collapsed_total',
    'Contacts read by sharing a call which another read had begun',
    [],
  );
  const nearReads = counter('near_cache_reads_total', 'Reads of the near cache: hit or miss', ['outcome']);
  const undecodable = counter('cache_undecodable_total', 'Entries in Redis that could not be read', []);
  const calls = counter(
    'upstream_calls_total',
    'Attempts at upstream calls, by what for (caller, retry, refresh) and how they went (SUCCESS or an error code)',
    ['purpose', 'outcome'],
  );
  const callDurations = histogram(
    'upstream_call_duration_seconds',
    'Attempts at upstream calls, by what for',
    'purpose',
    CALL_SECONDS,
  );
  const withheld = counter(
    'upstream_calls_withheld_total',
    'Upstream calls that were not made: BREAKER_OPEN, QUEUE_FULL, QUEUE_TIMEOUT or HELD',
    ['reason'],
  );
  const decisions = counter(
    'rate_limit_decisions_total',
    'Requests by decision: allowed, limited; uncounted or unavailable while Redis fails',
    ['tier', 'decision'],
  );
  const refusedTokens = counter('auth_refusals_total', 'Requests refused for their token, by code', ['code']);
  const redisFailures = counter('redis_failures_total', 'Redis operations that failed, by why', ['code']);
  const invalidations = counter('invalidations_total', 'Contacts invalidated through this process', []);
  new Gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; the version is in the labels',
    labelNames: ['version', 'node'],
    aggregator: 'first',
    registers,
  }).set({ version, node: process.version }, 1);
  gauges('component_fault', '1 for each component that readiness calls faulty', 'component', () =>
    health.report().reasons.map(({ component }) => [component, 1]),
  );

  /** Values that are read when somebody asks for them; those that are read no more are gone. */
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

  /** Counted in a tally, and handed over when somebody scrapes. */
  function counter(name: string, help: string, labelNames: string[]) {
    const tally = new FastCounter(labelNames.length);
    registry.registerMetric(
      new Counter({
        name: PREFIX + name,
        help,
        labelNames,
        registers: [],
        collect() {
          this.reset();
          for (const { labels, count } of tally.series) this.labels(...labels.map(String)).inc(count);
        },
      }),
    );
    return tally;
  }

  function histogram(name: string, help: string, label: string, bounds: number[]) {
    const durations = new FastHistogram(PREFIX + name, help, label, bounds);
    registry.registerMetric(durations as unknown as Histogram);
    return durations;
  }

  return {
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
    /** @param outcome `SUCCESS` or the code of an AppError. */
    upstreamCall(purpose: 'caller' | 'refresh' | 'retry', outcome: string, seconds: number): void {
      calls.add(purpose, outcome);
      callDurations.observe(purpose, seconds);
    },
    /** @param reason why no call was made, where it is one of ours; anything else is not counted. */
    upstreamCallWithheld(reason: string | undefined): void {
      if (reason !== undefined && WITHHELD.has(reason)) withheld.add(reason);
    },
    rateLimit: (tier: string, decision: RateLimitDecision): void => decisions.add(tier, decision),
    tokenRefused: (code: string): void => refusedTokens.add(code),
    redisFailure: (code: string): void => redisFailures.add(code),
    invalidation: (): void => invalidations.add(),
    /** A value that is read when somebody asks for it; `aggregator` says what several processes' come to. */
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
    /** The same, one for each value of a label, from a list that configuration closes. */
    gauges,
    /** The text that Prometheus scrapes. */
    render: (): Promise<Exposition> => exposition(registry),
    /**
     * Our own metrics. What the process measures of itself is left out: reading some of it begins it anew,
     * which is for the scrape to do.
     */
    samples: (): Promise<Record<string, Sample[]>> => ownSamples(registry),
    /** Everything, or our own metrics alone, to be put together with what other processes have. */
    snapshot: (which: 'all' | 'own') =>
      which === 'all'
        ? registry.getMetricsAsJSON()
        : Promise.all(ownMetrics(registry).map((one) => one.get())),
    /** Memory, garbage collection, event-loop lag and the like of this process. */
    collectProcess: (): void => collectDefaultMetrics({ register: registry }),
  };
}

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

export async function exposition(registry: Registry): Promise<Exposition> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function ownMetrics(registry: Registry) {
  const ours = registry.getMetricsAsArray().filter(({ name }) => name.startsWith(PREFIX));
  return ours.map(({ name }) => registry.getSingleMetric(name)!);
}

/** Our metrics by their names without the prefix; a histogram's as `…_bucket`, `…_sum` and `…_count`. */
export async function ownSamples(registry: Registry): Promise<Record<string, Sample[]>> {
  const samples: Record<string, Sample[]> = {};
  for (const metric of ownMetrics(registry)) {
    const { name, values } = await metric.get();
    if (values.length === 0) samples[name.slice(PREFIX.length)] = [];
    for (const { metricName, labels, value } of values as MetricValueWithName<string>[])
      (samples[(metricName ?? name).slice(PREFIX.length)] ??= []).push({ labels, value } as Sample);
  }
  return samples;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']);

const WITHHELD = new Set(['BREAKER_OPEN', 'QUEUE_FULL', 'QUEUE_TIMEOUT', 'HELD']);

/** Clients can invent methods. */
function knownMethod(method: string): string {
  return METHODS.has(method) ? method : 'other';
}
