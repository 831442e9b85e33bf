/** Lets calls that a late timer held up catch up, and no more. */
const TOLERANCE_MS = 10;

/**
 * A rate without bursts (the generic cell rate algorithm, ITU-T I.371): calls are spread over the second,
 * so that no second sees more than the rate, wherever it is taken to begin.
 */
export class GcraLimiter {
  readonly #intervalMs: number;
  #due = -Infinity;

  /** @param perSecond undefined for no limit. */
  constructor(perSecond: number | undefined) {
    this.#intervalMs = perSecond === undefined ? 0 : 1000 / perSecond;
  }

  /** Milliseconds until the next call may begin; 0 where one may now. */
  delayMs(now: number): number {
    return Math.max(0, this.#due - now);
  }

  begin(now: number): void {
    this.#due = Math.max(this.#due, now - Math.min(TOLERANCE_MS, this.#intervalMs)) + this.#intervalMs;
  }
}
