/** What one call says of the upstream's health. `answered`: it is there, whatever it thinks of us. */
export type Outcome = 'success' | 'failure' | 'answered' | 'none';

export interface BreakerSettings {
  /** How many of the last calls are looked at. */
  readonly window: number;
  /** Fewer than these decide nothing. */
  readonly minCalls: number;
  /** The share of failures, from 0 to 1, at which the breaker opens. */
  readonly failureRate: number;
  /** How long it stays open before one call tries; doubled each time that it fails, up to the maximum. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

export interface BreakerOptions extends BreakerSettings {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly onOpen: (failed: number, of: number) => void;
  readonly onClose: () => void;
}

interface Open {
  until: number;
  pauseMs: number;
  probing: boolean;
}

/** Told exactly once how the call went. */
export type Judge = (outcome: Outcome) => void;

/**
 * A circuit breaker judged on outcomes: while most of the last calls failed none is made, but for one at a
 * time after a pause, and the first that is answered closes it.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #recent: boolean[] = [];
  #open: Open | undefined;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Milliseconds for which calls are refused; 0 where one may be made. */
  get refusesForMs(): number {
    if (!this.#open) return 0;
    const { until, pauseMs, probing } = this.#open;
    return probing ? pauseMs : Math.max(0, until - this.#options.now());
  }

  /** Lets a call through that must be judged afterwards, or gives back undefined where it must not be made. */
  enter(): Judge | undefined {
    if (this.refusesForMs > 0) return undefined;
    const probed = this.#open;
    if (!probed) return (outcome) => this.#judge(outcome);
    probed.probing = true;
    return (outcome) => this.#judgeProbe(probed, outcome);
  }

  #judge(outcome: Outcome): void {
    // What began before it opened says nothing new.
    if (this.#open || outcome === 'none' || outcome === 'answered') return;
    const { window, minCalls, failureRate, openMs, now, onOpen } = this.#options;
    this.#recent = [...this.#recent.slice(1 - window), outcome === 'failure'];
    const failed = this.#recent.filter(Boolean).length;
    if (this.#recent.length < minCalls || failed < failureRate * this.#recent.length) return;
    this.#open = { until: now() + openMs, pauseMs: openMs, probing: false };
    onOpen(failed, this.#recent.length);
  }

  #judgeProbe(probed: Open, outcome: Outcome): void {
    probed.probing = false;
    if (outcome === 'none') return;
    if (outcome === 'failure') {
      probed.pauseMs = Math.min(probed.pauseMs * 2, this.#options.maxOpenMs);
      probed.until = this.#options.now() + probed.pauseMs;
      return;
    }
    this.#open = undefined;
    this.#recent = [];
    this.#options.onClose();
  }
}
