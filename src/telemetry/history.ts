import type { Samples } from './exposition.ts';
import { growthOf, intervalOf, sumOf, type Growth, type Interval } from './interval.ts';
import { totalsOf, type Totals } from './totals.ts';

/** Ten minutes. */
const SAMPLE_EVERY_MS = 5000;
const MAX_GROWTHS = 120;

export interface HistoryOptions {
  readonly samples: () => Promise<Samples>;
  /** Seconds of a monotonic clock. */
  readonly time: () => number;
  /** Returns the records of the other workers; those of one process are empty. */
  readonly others?: () => Promise<readonly HistoryRecord[]>;
}

/** A history as workers send it to each other. */
export interface HistoryRecord {
  /** The present by the clock of the sender. */
  readonly time: number;
  readonly last: Totals | undefined;
  readonly growths: readonly Growth[];
}

/**
 * Events of the last ten minutes, sampled every five seconds, so that the dashboard also shows the time before it
 * was opened. A period is the sum of its samples: a counter that falls costs the events of one sample.
 */
export class History {
  #last: Totals | undefined;
  #growths: readonly Growth[] = [];
  readonly #options: HistoryOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Samples until `stop`. Resolves after the first sample, which follows on from the history of the others. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.sample(), SAMPLE_EVERY_MS).unref();
    const records = await this.#options.others?.().catch(() => []);
    this.#adopt(records ?? []);
    await this.sample();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Adds a sample. A sample without one of the workers would look like a drop, so it is left out. */
  async sample(): Promise<void> {
    const totals = await this.#options.samples().then(
      (samples) => totalsOf(samples, this.#options.time()),
      () => undefined,
    );
    if (!totals) return;
    if (this.#last) this.#growths = [...this.#growths.slice(1 - MAX_GROWTHS), growthOf(this.#last, totals)];
    this.#last = totals;
  }

  /** Returns the intervals between the samples, oldest first, each with the time of its end. */
  intervals(): readonly (Interval & { readonly time: number })[] {
    return this.#growths.map((growth) => ({ time: growth.to, ...intervalOf(growth) }));
  }

  /** Returns the events of the last `seconds` before `totals`. */
  since(totals: Totals, seconds: number): Growth {
    return this.#growths
      .filter(({ from }) => from >= totals.time - seconds)
      .reduce(sumOf, growthOf(this.#last ?? totals, totals));
  }

  record(): HistoryRecord {
    return { time: this.#options.time(), last: this.#last, growths: this.#growths };
  }

  /** Continues the longest history, so that a worker that replaces another one shows the time before it. */
  #adopt(records: readonly HistoryRecord[]): void {
    const [longest] = records.toSorted((a, b) => b.growths.length - a.growths.length);
    if (!longest?.last || longest.growths.length <= this.#growths.length) return;
    const shift = this.#options.time() - longest.time;
    this.#last = { ...longest.last, time: longest.last.time + shift };
    this.#growths = longest.growths.map((growth) => ({
      ...growth,
      from: growth.from + shift,
      to: growth.to + shift,
    }));
  }
}
