import type { SetTimer } from '../lib/timers.ts';

export interface AcknowledgementsOptions {
  readonly processId: string;
  /** Returns the other processes that have to acknowledge. */
  readonly others: () => readonly string[];
  /** Returns whether the connections to Redis have been stable, so that all processes use the same server. */
  readonly isSettled: () => boolean;
  /** Milliseconds after which no process serves an entry that Redis has not confirmed since. */
  readonly ttlMs: number;
  readonly now: () => number;
  readonly setTimer: SetTimer;
}

export interface PendingAcknowledgement {
  /** The text by which processes acknowledge. */
  readonly reference: string;
  /** Restarts the time limit, because the invalidation took effect, or took effect on another server. */
  tookEffect(): void;
  /**
   * Resolves when all processes have acknowledged, or `ttlMs` after the invalidation last took effect; at the
   * latest after twice that time.
   */
  wait(): Promise<void>;
}

interface Pending extends PendingAcknowledgement {
  readonly acknowledged: Set<string>;
  check(): void;
}

/** Waits for the acknowledgements of other processes. */
export class Acknowledgements {
  readonly #pending = new Map<string, Pending>();
  readonly #options: AcknowledgementsOptions;
  #count = 0;

  constructor(options: AcknowledgementsOptions) {
    this.#options = options;
  }

  /** Begins to collect acknowledgements, before the invalidation is sent. The caller has to call `end`. */
  begin(): PendingAcknowledgement {
    const { now, setTimer, ttlMs, processId } = this.#options;
    this.#count += 1;
    const reference = `${processId}.${this.#count}`;
    const acknowledged = new Set<string>();
    let effectAt = now();
    let check: (() => void) | undefined;
    const pending: Pending = {
      reference,
      acknowledged,
      check: () => check?.(),
      tookEffect: () => void (effectAt = now()),
      wait: () => {
        const latestAt = now() + 2 * ttlMs;
        const others = this.#options.others();
        return new Promise((resolve) => {
          let cancel: (() => void) | undefined;
          const checkNow = (): void => {
            const present = new Set(this.#options.others());
            const isComplete = others.every((id) => acknowledged.has(id) || !present.has(id));
            const remainingMs = Math.min(effectAt + ttlMs, latestAt) - now();
            cancel?.();
            if (remainingMs > 0 && !(isComplete && this.#options.isSettled()))
              cancel = setTimer(Math.ceil(remainingMs), checkNow);
            else resolve();
          };
          check = checkNow;
          checkNow();
        });
      },
    };
    this.#pending.set(reference, pending);
    return pending;
  }

  end({ reference }: PendingAcknowledgement): void {
    this.#pending.delete(reference);
  }

  has(reference: string): boolean {
    return this.#pending.has(reference);
  }

  receive(reference: string, processId: string): void {
    const pending = this.#pending.get(reference);
    pending?.acknowledged.add(processId);
    pending?.check();
  }

  /** Restarts the time limit of an invalidation that was replayed. */
  tookEffect(reference: string): void {
    this.#pending.get(reference)?.tookEffect();
  }

  /** Checks all that wait, because the processes have changed. */
  checkAll(): void {
    for (const pending of this.#pending.values()) pending.check();
  }
}
