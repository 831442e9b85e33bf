import { AppError } from '../../errors.ts';
import { GcraLimiter } from '../../lib/gcra-limiter.ts';
import type { SetTimer } from '../../lib/timers.ts';
import { PRIORITIES, type Policy, type Priority } from '../operation.ts';

export interface BulkheadOptions {
  /** Maximum number of calls in flight. */
  readonly maxConcurrency: number;
  /** Maximum number of calls that begin per second; undefined for no limit. */
  readonly maxPerSecond: number | undefined;
  /** Maximum number of calls that wait. */
  readonly maxQueue: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly setTimer: SetTimer;
}

/** A request for a turn. */
export interface TurnRequest {
  readonly priority: Priority;
  /** Maximum time to wait, in milliseconds. */
  readonly waitMs: number;
  /** Aborts when the caller gives up. */
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly start: (release: () => void) => void;
  readonly reject: (error: Error) => void;
}

const RETRY_AFTER_S = 1;

/**
 * Limits the calls of this process to the upstream account: their number in flight and their rate. Calls over a
 * limit wait in a bounded queue, ordered by priority and then by arrival.
 */
export class Bulkhead {
  readonly #options: BulkheadOptions;
  readonly #rate: GcraLimiter;
  readonly #queues = new Map<Priority, Set<Waiter>>(PRIORITIES.map((name) => [name, new Set()]));
  #active = 0;
  #wakeUp: (() => void) | undefined;

  constructor(options: BulkheadOptions) {
    this.#options = options;
    this.#rate = new GcraLimiter(options.maxPerSecond);
  }

  /**
   * Waits until a call may begin. Resolves to the function that releases its turn, which the caller has to invoke
   * when the call has ended. If the queue is full, the newest waiting call of the lowest priority is rejected.
   *
   * @throws AppError `UPSTREAM_UNAVAILABLE` if the queue is full or the wait takes longer than `waitMs`. If
   *   `signal` aborts first, throws the signal's reason.
   */
  acquire({ priority, waitMs, signal }: TurnRequest): Promise<() => void> {
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
      const cancelTimer = this.#options.setTimer(waitMs, () => waiter.reject(rejected('QUEUE_TIMEOUT')));
      function leave(settle: () => void): void {
        queue.delete(waiter);
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
        settle();
      }
      signal.addEventListener('abort', onAbort, { once: true });
      queue.add(waiter);
      this.#pump();
      if (this.waiting > this.#options.maxQueue) this.#last().reject(rejected('QUEUE_FULL'));
    });
  }

  /** Rejects all waiting calls, each with a new error. */
  rejectQueued(error: () => Error): void {
    for (const queue of this.#queues.values()) for (const waiter of queue) waiter.reject(error());
  }

  /** The number of calls that wait. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.size;
    return count;
  }

  /** The number of calls in flight. */
  get active(): number {
    return this.#active;
  }

  /** Starts waiting calls within the limits, and sets a timer if the rate delays the next one. */
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
    return this.#rate.delayMs(this.#options.now());
  }

  /** Starts a call, and returns the function that releases its turn. Further calls of the function are no-ops. */
  #start(): () => void {
    this.#rate.begin(this.#options.now());
    this.#active += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#active -= 1;
      this.#pump();
    };
  }

  /** Returns the oldest waiter of the highest priority. */
  #first(): Waiter | undefined {
    for (const queue of this.#queues.values()) for (const waiter of queue) return waiter;
    return undefined;
  }

  /** Returns the newest waiter of the lowest priority. At least one call must wait. */
  #last(): Waiter {
    let last: Waiter | undefined;
    for (const queue of this.#queues.values()) if (queue.size > 0) last = [...queue].at(-1);
    return last!;
  }
}

function rejected(reason: string): AppError {
  return new AppError('UPSTREAM_UNAVAILABLE', { reason, retryAfterS: RETRY_AFTER_S, notSent: true });
}

/** Share of the remaining time that an attempt may wait for its turn. The rest is for the attempt itself. */
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
