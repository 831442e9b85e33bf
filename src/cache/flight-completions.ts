import { LRUCache } from 'lru-cache';
import { AppError, ERROR_CODES, isAppError, type ErrorCode } from '../errors.ts';

/** How another process's call ended, as far as those who waited for it need to know. */
type Completion = { readonly code: ErrorCode; readonly retryAfterS?: number } | 'look';

interface Waiter {
  complete(landing: Completion): void;
}

/** Landings are heard of on another connection than claims, so one may come before who waits for it does. */
const REMEMBERED = 10_000;

/** Wakes those who wait for other processes' calls. */
export class FlightCompletions {
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #recent = new LRUCache<string, Completion>({ max: REMEMBERED });

  /** @param message as `landingMessage` makes it; whatever else it is has no effect. */
  receive(message: string): void {
    const parsed = parse(message);
    if (!parsed) return;
    this.#recent.set(parsed.token, parsed.landing);
    for (const waiter of this.#waiters.get(parsed.token) ?? []) waiter.complete(parsed.landing);
  }

  /** Lets everybody look for themselves. */
  wakeAll(): void {
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.complete('look');
  }

  /**
   * Waits for the call that holds this token to end, for at most `ms`.
   *
   * @throws AppError the failure that it ended with, or `CLIENT_GONE` once `signal` aborts.
   */
  wait(token: string, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        complete: (landing) => {
          leave();
          if (landing === 'look') resolve();
          else reject(failureOf(landing));
        },
      };
      const look = () => waiter.complete('look');
      const abandon = () => waiter.complete({ code: 'CLIENT_GONE' });
      const timer = setTimeout(look, ms);
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abandon);
        this.#leave(token, waiter);
      };
      signal.addEventListener('abort', abandon);
      const waiters = this.#waiters.get(token) ?? new Set();
      this.#waiters.set(token, waiters.add(waiter));
      const already = this.#recent.get(token);
      if (signal.aborted) abandon();
      else if (already) waiter.complete(already);
    });
  }

  #leave(token: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(token);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(token);
  }
}

/** @param error undefined where the call succeeded. */
export function completionMessage(token: string, error: unknown): string {
  // A call that was given up, or that we broke ourselves, says nothing about the upstream.
  if (!isAppError(error) || error.code === 'CLIENT_GONE') return JSON.stringify({ token });
  const { retryAfterS } = error.details;
  return JSON.stringify({ token, code: error.code, retryAfterS });
}

function failureOf(landing: Exclude<Completion, 'look'>): AppError {
  const { code, retryAfterS } = landing;
  return new AppError(code, retryAfterS === undefined ? {} : { retryAfterS });
}

function parse(message: string): { token: string; landing: Completion } | undefined {
  try {
    const { token, code, retryAfterS } = JSON.parse(message) as Record<string, unknown>;
    if (typeof token !== 'string') return undefined;
    const known = ERROR_CODES.find((one) => one === code);
    if (!known) return { token, landing: 'look' };
    return { token, landing: { code: known, ...(typeof retryAfterS === 'number' && { retryAfterS }) } };
  } catch {
    return undefined;
  }
}
