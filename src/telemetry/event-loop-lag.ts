/** One late sample is a pause: a collection of garbage, a machine that slept. Several in a row are too much work. */
const SAMPLES = 3;
const EVERY_MS = 100;

export interface EventLoopLag {
  /** Milliseconds by which work waits for the event loop at the least, over the last samples. */
  lagMs(): number;
}

/** Judges samples of lateness: what lasts is the smallest of the last few. */
export class LastingLag implements EventLoopLag {
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

/** Measures how late a timer runs, for as long as the process lives. */
export function watchEventLoop(now: () => number): EventLoopLag {
  const lag = new LastingLag();
  let before = now();
  setInterval(() => {
    const at = now();
    lag.add(Math.max(0, at - before - EVERY_MS));
    before = at;
  }, EVERY_MS).unref();
  return lag;
}
