import type { Samples } from './exposition.ts';
import { between, totalsOf, type Interval, type Totals } from './totals.ts';

/** Ten minutes. */
const SAMPLE_EVERY_MS = 5000;
const MAX_SAMPLES = 121;

export interface HistoryOptions {
  readonly samples: () => Promise<Samples>;
  /** Seconds of a monotonic clock. */
  readonly time: () => number;
}

/** Totals of the last ten minutes, sampled every five seconds, so that the dashboard also shows the time before it was opened. */
export class History {
  #totals: readonly Totals[] = [];
  readonly #options: HistoryOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Samples until `stop`, and once at once. */
  start(): void {
    void this.sample();
    this.#timer = setInterval(() => void this.sample(), SAMPLE_EVERY_MS).unref();
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
    if (totals) this.#totals = [...this.#totals.slice(1 - MAX_SAMPLES), totals];
  }

  /** Returns the intervals between the samples, oldest first, each with the time of its end. */
  intervals(): readonly (Interval & { readonly time: number })[] {
    return this.#totals
      .slice(1)
      .map((after, index) => ({ time: after.time, ...between(this.#totals[index]!, after) }));
  }

  /** Returns the oldest sample of the last `seconds` before `totals`, or `totals` without one. */
  before(totals: Totals, seconds: number): Totals {
    return this.#totals.find(({ time }) => time >= totals.time - seconds) ?? totals;
  }
}
