/** One late sample is a pause, such as garbage collection or a suspended machine. Several in a row mean overload. */
const SAMPLES = 3;
const INTERVAL_MS = 100;

export interface EventLoopLag {
  /** Minimum event-loop lag over the last three samples, in milliseconds. */
  lagMs(): number;
}

/** The smallest of the last three samples; 0 until there are three. */
export class SustainedLag implements EventLoopLag {
  #samples: number[] = [];
  #lagMs = 0;

  add(lateMs: number): void {
    this.#samples = [...this.#samples.slice(1 - SAMPLES), lateMs];
    this.#lagMs = this.#samples.length < SAMPLES ? 0 : Math.min(...this.#samples);
  }

  lagMs(): number {
    return this.#lagMs;
  }
}

/**
 * Samples the lag of a timer every 100 ms until the process exits.
 *
 * @param now milliseconds of a monotonic clock.
 */
export function watchEventLoop(now: () => number): EventLoopLag {
  const lag = new SustainedLag();
  let before = now();
  setInterval(() => {
    const at = now();
    lag.add(Math.max(0, at - before - INTERVAL_MS));
    before = at;
  }, INTERVAL_MS).unref();
  return lag;
}
