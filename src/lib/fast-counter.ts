import type { MetricObject, MetricValueWithName } from 'prom-client';

/**
 * What is counted for every request, in the way that costs least there: prom-client looks a metric up by its
 * labels each time, which takes longer than all that is counted. It is handed the sums when somebody scrapes.
 */

/** More than the closed lists of labels can make: a code from outside could be anything. */
const MAX_LABEL_SETS = 1000;

type Label = string | number;

interface Series {
  readonly labels: readonly Label[];
  count: number;
}
type Branch = Map<Label, Branch | Series>;

/** A count for each set of labels, found label by label: a name made of them would have to be hashed anew. */
export class FastCounter {
  readonly #root: Branch = new Map();
  readonly #series: Series[] = [];

  /** @param labels how many there are. Where there are none, the count shows from the start. */
  constructor(labels: number) {
    if (labels === 0) this.#series.push({ labels: [], count: 0 });
  }

  /** Counts one more for these labels, of which there are always as many. */
  add(...labels: readonly Label[]): void {
    let found: Branch | Series | undefined = labels.length === 0 ? this.#series[0] : this.#root;
    for (let at = 0; at < labels.length && found; at += 1) found = (found as Branch).get(labels[at]!);
    if (found) (found as Series).count += 1;
    else this.#begin(labels);
  }

  get series(): readonly Readonly<Series>[] {
    return this.#series;
  }

  #begin(labels: readonly Label[]): void {
    if (this.#series.length >= MAX_LABEL_SETS) return;
    const leaf: Series = { labels, count: 1 };
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
  /** How many were at most the bound of the same place, and in the last place those beyond all. */
  readonly counts: Float64Array;
  sum: number;
}

/** A histogram with one label, as prom-client's registry takes it. */
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
    let observed = this.#observed.get(label);
    if (!observed) {
      observed = { counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
      this.#observed.set(label, observed);
    }
    let place = 0;
    while (place < this.#bounds.length && seconds > this.#bounds[place]!) place += 1;
    observed.counts[place]! += 1;
    observed.sum += seconds;
  }

  // oxlint-disable-next-line typescript/require-await -- what prom-client's own metrics do
  async get() {
    const values: MetricValueWithName<string>[] = [];
    for (const [value, { counts, sum }] of this.#observed) {
      const labels = { [this.#label]: value };
      let upTo = 0;
      for (const [place, count] of counts.entries()) {
        upTo += count;
        const le = this.#bounds[place] ?? '+Inf';
        values.push({ metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: upTo });
      }
      values.push({ metricName: `${this.name}_sum`, labels, value: sum });
      values.push({ metricName: `${this.name}_count`, labels, value: upTo });
    }
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }
}
