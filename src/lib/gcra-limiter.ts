/** The time by which a call may follow a late one early, in ms, so that late timers do not lower the rate. */
const TOLERANCE_MS = 10;

/**
 * A rate limiter without bursts (the generic cell rate algorithm, ITU-T I.371). It spreads calls evenly: at most
 * `perSecond` of them begin in any 990 ms.
 */
export class GcraLimiter {
  readonly #intervalMs: number;
  #due = -Infinity;

  /** @param perSecond maximum number of calls per second; undefined for no limit. */
  constructor(perSecond: number | undefined) {
    this.#intervalMs = perSecond === undefined ? 0 : 1000 / perSecond;
  }

  /**
   * Returns the milliseconds until the next call may begin, or 0 if it may begin now.
   *
   * @param now milliseconds of a monotonic clock.
   */
  delayMs(now: number): number {
    return Math.max(0, this.#due - now);
  }

  /** Records that a call begins. It does not check whether the call may begin. */
  begin(now: number): void {
    this.#due = Math.max(this.#due, now - Math.min(TOLERANCE_MS, this.#intervalMs)) + this.#intervalMs;
  }
}
