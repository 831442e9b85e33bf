import type { MetricObject, MetricValueWithName } from 'prom-client';

/**
 * Counters and histograms for the hot path. These classes pass their sums to prom-client when metrics are scraped.
 * perf: prom-client looks up a metric by its labels on each update. The six updates of a near-cache hit take 0.1 µs
 * instead of 1.6 µs, 5 % of it.
 */

/** The maximum number of label sets. The known labels make fewer, and a code from outside is unbounded. */
const MAX_LABEL_SETS = 1000;

type Label = string | number;

interface Series {
  readonly labels: readonly Label[];
  count: number;
}
type Branch = Map<Label, Branch | Series>;

/**
 * A counter per set of labels. Nested Maps find a series label by label, because a concatenated key would have
 * to be hashed on each update.
 */
export class FastCounter {
  readonly #root: Branch = new Map();
  readonly #series: Series[] = [];

  /** @param labels the number of labels. With 0 labels, the series exists from the start. */
  constructor(labels: number) {
    if (labels === 0) this.#series.push({ labels: [], count: 0 });
  }

  /** Increments the count of these labels. The number of labels must be the same for each call. */
  add(...labels: readonly Label[]): void {
    let found: Branch | Series | undefined = labels.length === 0 ? this.#series[0] : this.#root;
    for (let at = 0; at < labels.length && found; at += 1) found = (found as Branch).get(labels[at]!);
    if (found) (found as Series).count += 1;
    else this.#begin(labels, 1);
  }

  /** Begins the series of these labels with 0. Call it once, before the first `add`. */
  declare(...labels: readonly Label[]): void {
    this.#begin(labels, 0);
  }

  get series(): readonly Readonly<Series>[] {
    return this.#series;
  }

  #begin(labels: readonly Label[], count: number): void {
    if (this.#series.length >= MAX_LABEL_SETS) return;
    const leaf: Series = { labels, count };
    this.#series.push(leaf);
    let branch = this.#root;
    for (const label of labels.slice(0, -1)) {
      const next = (branch.get(label) ?? new Map()) as Branch;
      branch.set(label, next);
      branch = next;
    }
    branch.set(labels.at(-1)!, leaf);
  }
}

interface Observed {
  /**
   * The number of observations per bucket, by the index of the bound. The last bucket counts observations above
   * all bounds.
   */
  readonly counts: Float64Array;
  sum: number;
}

/** A histogram with one label, in the shape that prom-client's registry expects. */
export class FastHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram' as unknown as MetricObject['type'];
  readonly aggregator = 'sum' as const;
  readonly #label: string;
  /** Seconds, ascending. */
  readonly #bounds: readonly number[];
  readonly #observed = new Map<string, Observed>();

  constructor(name: string, help: string, label: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#label = label;
    this.#bounds = bounds;
  }

  observe(label: string, seconds: number): void {
    const observed = this.#observed.get(label) ?? this.declare(label);
    let bucket = 0;
    while (bucket < this.#bounds.length && seconds > this.#bounds[bucket]!) bucket += 1;
    observed.counts[bucket]! += 1;
    observed.sum += seconds;
  }

  /** Begins the series of this label with 0. */
  declare(label: string): Observed {
    const observed = { counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
    this.#observed.set(label, observed);
    return observed;
  }

  // oxlint-disable-next-line typescript/require-await -- prom-client expects a promise
  async get() {
    const values: MetricValueWithName<string>[] = [];
    for (const [value, { counts, sum }] of this.#observed) {
      const labels = { [this.#label]: value };
      let upTo = 0;
      for (const [bucket, count] of counts.entries()) {
        upTo += count;
        const le = this.#bounds[bucket] ?? '+Inf';
        values.push({ metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: upTo });
      }
      values.push({ metricName: `${this.name}_sum`, labels, value: sum });
      values.push({ metricName: `${this.name}_count`, labels, value: upTo });
    }
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }
}
