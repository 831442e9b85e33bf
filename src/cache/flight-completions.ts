import { AppError, ERROR_CODES, isAppError, type ErrorCode } from '../errors.ts';
import { FifoMap } from '../lib/fifo-map.ts';
import type { SetTimer } from '../lib/timers.ts';

/** The outcome of another process's call: its failure, or `recheck` if the waiter has to read the store. */
type Completion = { readonly code: ErrorCode; readonly retryAfterS?: number } | 'recheck';

interface Waiter {
  complete(completion: Completion): void;
}

/**
 * Recent completions are kept because they arrive on another connection than claims, so one may arrive before
 * its waiter.
 */
const REMEMBERED = 10_000;

/** Wakes the waiters of other processes' calls. */
export class FlightCompletions {
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #recent = new FifoMap<Completion>(REMEMBERED);
  readonly #setTimer: SetTimer;

  constructor(setTimer: SetTimer) {
    this.#setTimer = setTimer;
  }

  /**
   * Handles a message of the completions channel.
   *
   * @param message the result of `completionMessage`; any other text is ignored.
   * @returns the token of the call, or undefined if the message was ignored.
   */
  receive(message: string): string | undefined {
    const parsed = parse(message);
    if (!parsed) return undefined;
    this.#recent.set(parsed.token, parsed.completion);
    for (const waiter of this.#waiters.get(parsed.token) ?? []) waiter.complete(parsed.completion);
    return parsed.token;
  }

  /** Wakes all waiters, so that they read the store again. */
  wakeAll(): void {
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.complete('recheck');
  }

  /**
   * Waits for the call with this token to end, for at most `ms`.
   *
   * @throws AppError the failure of the call, or `CLIENT_GONE` when `signal` aborts.
   */
  wait(token: string, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        complete: (completion) => {
          leave();
          if (completion === 'recheck') resolve();
          else reject(failureOf(completion));
        },
      };
      const recheck = () => waiter.complete('recheck');
      const abort = () => waiter.complete({ code: 'CLIENT_GONE' });
      const cancelTimer = this.#setTimer(ms, recheck);
      const leave = () => {
        cancelTimer();
        signal.removeEventListener('abort', abort);
        this.#leave(token, waiter);
      };
      signal.addEventListener('abort', abort);
      const waiters = this.#waiters.get(token) ?? new Set();
      this.#waiters.set(token, waiters.add(waiter));
      const recent = this.#recent.get(token);
      if (signal.aborted) abort();
      else if (recent) waiter.complete(recent);
    });
  }

  #leave(token: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(token);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(token);
  }
}

/**
 * Returns the message that reports the end of a call.
 *
 * @param error undefined if the call succeeded.
 */
export function completionMessage(token: string, error: unknown): string {
  // An aborted call, or an internal error, says nothing about the upstream.
  if (!isAppError(error) || error.code === 'CLIENT_GONE') return JSON.stringify({ token });
  const { retryAfterS } = error.details;
  return JSON.stringify({ token, code: error.code, retryAfterS });
}

function failureOf(completion: Exclude<Completion, 'recheck'>): AppError {
  const { code, retryAfterS } = completion;
  return new AppError(code, retryAfterS === undefined ? {} : { retryAfterS });
}

function parse(message: string): { token: string; completion: Completion } | undefined {
  try {
    const { token, code, retryAfterS } = JSON.parse(message) as Record<string, unknown>;
    if (typeof token !== 'string') return undefined;
    const known = ERROR_CODES.find((one) => one === code);
    if (!known) return { token, completion: 'recheck' };
    return { token, completion: { code: known, ...(typeof retryAfterS === 'number' && { retryAfterS }) } };
  } catch {
    return undefined;
  }
}
