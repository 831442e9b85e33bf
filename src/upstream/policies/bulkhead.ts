import { AppError } from '../../errors.ts';
import { GcraLimiter } from '../../lib/gcra-limiter.ts';
import type { SetTimer } from '../../lib/timers.ts';
import { PRIORITIES, type Policy, type Priority } from '../operation.ts';

export interface BulkheadOptions {
  /** Calls at a time. */
  readonly maxConcurrency: number;
  /** Calls begun in a second; undefined for no limit. */
  readonly maxPerSecond: number | undefined;
  /** Calls that may wait. */
  readonly maxQueue: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly setTimer: SetTimer;
}

export interface Request {
  readonly priority: Priority;
  /** How long to wait at most. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly start: (release: () => void) => void;
  readonly reject: (error: Error) => void;
}

const RETRY_AFTER_S = 1;

/**
 * What the upstream account can bear, shared by all calls of this process: so many at a time, so many a
 * second, and a bounded queue in order of priority for what has to wait.
 */
export class Bulkhead {
  readonly #options: BulkheadOptions;
  readonly #pace: GcraLimiter;
  readonly #queues = new Map<Priority, Set<Waiter>>(PRIORITIES.map((name) => [name, new Set()]));
  #active = 0;
  #wakeUp: (() => void) | undefined;

  constructor(options: BulkheadOptions) {
    this.#options = options;
    this.#pace = new GcraLimiter(options.maxPerSecond);
  }

  /**
   * Resolves once a call may begin, with the function to be called when it has ended.
   *
   * @throws AppError `UPSTREAM_UNAVAILABLE` where the queue is full or the wait too long; the signal's
   *   reason where it aborts.
   */
  acquire({ priority, waitMs, signal }: Request): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (this.waiting === 0 && this.#active < this.#options.maxConcurrency && this.#delayMs() === 0)
        return resolve(this.#start());
      const queue = this.#queues.get(priority)!;
      const waiter: Waiter = {
        start: (release) => leave(() => resolve(release)),
        reject: (error) => leave(() => reject(error)),
      };
      const onAbort = () => waiter.reject(signal.reason as Error);
      const cancelTimer = this.#options.setTimer(waitMs, () => waiter.reject(spent('QUEUE_TIMEOUT')));
      function leave(settle: () => void): void {
        queue.delete(waiter);
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
        settle();
      }
      signal.addEventListener('abort', onAbort, { once: true });
      queue.add(waiter);
      this.#pump();
      if (this.waiting > this.#options.maxQueue) this.#last().reject(spent('QUEUE_FULL'));
    });
  }

  /** Refuses whatever waits: it would wait for nothing. */
  rejectQueued(error: () => Error): void {
    for (const queue of this.#queues.values()) for (const waiter of queue) waiter.reject(error());
  }

  get waiting(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.size;
    return count;
  }

  get active(): number {
    return this.#active;
  }

  #pump(): void {
    this.#wakeUp?.();
    this.#wakeUp = undefined;
    const { maxConcurrency, setTimer } = this.#options;
    while (this.#active < maxConcurrency) {
      const waiter = this.#first();
      if (!waiter) return;
      const delayMs = this.#delayMs();
      if (delayMs > 0) {
        this.#wakeUp = setTimer(delayMs, () => this.#pump());
        return;
      }
      waiter.start(this.#start());
    }
  }

  #delayMs(): number {
    return this.#pace.delayMs(this.#options.now());
  }

  /** @returns what ends it, once. */
  #start(): () => void {
    this.#pace.begin(this.#options.now());
    this.#active += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#active -= 1;
      this.#pump();
    };
  }

  #first(): Waiter | undefined {
    for (const queue of this.#queues.values()) for (const waiter of queue) return waiter;
    return undefined;
  }

  /** Who has the least claim on a place: the newest of the lowest priority. */
  #last(): Waiter {
    let last: Waiter | undefined;
    for (const queue of this.#queues.values()) if (queue.size > 0) last = [...queue].at(-1);
    return last!;
  }
}

function spent(reason: string): AppError {
  return new AppError('UPSTREAM_UNAVAILABLE', { reason, retryAfterS: RETRY_AFTER_S, notSent: true });
}

/** Share of the time left that an attempt may wait for its turn; later it could not finish in time. */
const WAIT_SHARE = 0.8;

/** Makes each attempt wait for its turn, and releases the turn when the attempt ends. */
export function bulkhead(turns: Bulkhead, now: () => number): Policy {
  return (next) =>
    async function waitForTurn(operation, input, options) {
      const { priority, signal, deadline } = options;
      const waitMs = Math.max(0, deadline - now()) * WAIT_SHARE;
      const release = await turns.acquire({ priority, waitMs, signal });
      try {
        return await next(operation, input, options);
      } finally {
        release();
      }
    };
}
