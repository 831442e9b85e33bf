import { AppError } from '../errors.ts';
import type { SetTimer } from '../lib/timers.ts';
import type { RecordCodec, RecordContents } from './record.ts';
import { LEASE_MS, RENEW_MS, type RecordStore } from './record-store.ts';

/**
 * An event for the operator: a record that cannot be decoded, an attempt that has lost its lease, or an outcome
 * that could not be stored.
 */
export type IdempotencyEvent = 'undecodable' | 'lease-lost' | 'not-stored';

export interface LeaseOptions {
  readonly store: RecordStore;
  readonly codec: RecordCodec;
  readonly setTimer: SetTimer;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly report: (event: IdempotencyEvent) => void;
}

/**
 * The record of one attempt, while the attempt holds it. The operations that end the lease never reject: if the
 * store fails, they are retried in the background.
 */
export interface Lease {
  /** Stores that the write may be sent from now on. @throws AppError if nothing may be sent. */
  start(contents: RecordContents): Promise<void>;
  /** @throws AppError IDEMPOTENCY_IN_PROGRESS if the lease was not renewed in time, so another attempt may hold it. */
  requireHeld(): void;
  /** Stores the result or the refusal, and ends the lease. */
  complete(contents: RecordContents, ending: Pick<RecordContents, 'result' | 'refusal'>): Promise<void>;
  /** Ends the lease of a write with an unknown outcome. */
  leaveUnknown(contents: RecordContents): Promise<void>;
  /** Removes the record, which ends the lease. */
  free(): Promise<void>;
}

/** A larger result is kept without its representation, since many of them would evict the records of others. */
const MAX_RECORD_BYTES = 64 * 1024;
/** A larger result is not kept without one either: a repeat checks whether the write took effect. No write has one. */
const MAX_PLAIN_BYTES = 2 * MAX_RECORD_BYTES;
/**
 * The delays of further attempts to store an outcome. An attempt after the end of the lease stores it as well,
 * unless a repeat has taken the record over.
 */
const RETRY_DELAYS_MS = [1000, 2000, 4000, 8000];
/** The maximum number of outcomes that wait to be stored, because each one occupies memory. */
const MAX_WAITING = 1000;

/** Creates the leases of one process. Each renews its record until it ends. */
export function leases({ store, codec, setTimer, now, report }: LeaseOptions) {
  let waiting = 0;

  return function hold(key: string, token: string): Lease {
    let ended = false;
    let heldUntil = -Infinity;
    let cancel = setTimer(RENEW_MS, renew);

    /** Runs a command that begins the lease anew. Returns false if the record belongs to another attempt. */
    async function extend(command: () => Promise<boolean>): Promise<boolean> {
      const begunAt = now();
      const isHeld = await command();
      heldUntil = isHeld ? Math.max(heldUntil, begunAt + LEASE_MS) : -Infinity;
      return isHeld;
    }

    function renew(): void {
      // If the renewal fails, the next one may succeed before the lease ends.
      extend(() => store.renew(key, token)).catch(() => {});
      cancel = setTimer(RENEW_MS, renew);
    }

    async function end(write: () => Promise<boolean>): Promise<void> {
      if (ended) return;
      ended = true;
      cancel();
      await attempt(write, 0);
    }

    async function attempt(write: () => Promise<boolean>, failures: number): Promise<void> {
      try {
        if (!(await write())) report('lease-lost');
      } catch {
        const delayMs = RETRY_DELAYS_MS[failures];
        if (delayMs === undefined || waiting >= MAX_WAITING) return report('not-stored');
        waiting += 1;
        setTimer(delayMs, () => {
          waiting -= 1;
          void attempt(write, failures + 1);
        });
      }
    }

    return {
      async start(contents) {
        const started = extend(() => store.start(key, token, codec.encode(key, contents)));
        if (!(await started.catch(unavailable))) throw inProgress();
      },
      requireHeld() {
        if (now() >= heldUntil) throw inProgress('none');
      },
      complete: (contents, ending) =>
        end(async () => {
          const data = codec.encode(key, { ...contents, ...ending });
          if (data.length <= MAX_RECORD_BYTES) return store.settle(key, token, 'done', data);
          const { plain } = ending.result ?? {};
          const result = plain ? ({ ...plain, isShortened: true } as const) : ending.result;
          const shortened = codec.encode(key, { ...contents, ...ending, ...(result && { result }) });
          return shortened.length <= MAX_PLAIN_BYTES
            ? store.settle(key, token, 'done', shortened)
            : store.settle(key, token, 'started', codec.encode(key, contents));
        }),
      leaveUnknown: (contents) =>
        end(async () => store.settle(key, token, 'started', codec.encode(key, contents))),
      free: () => end(() => store.free(key, token)),
    };
  };
}

/** Converts the failure of the store before a write is sent. @throws AppError CACHE_UNAVAILABLE */
export function unavailable(cause: unknown): never {
  if (cause instanceof AppError) throw cause;
  throw new AppError('CACHE_UNAVAILABLE', {
    detail: 'Redis is unreachable, so the Idempotency-Key cannot be checked. Nothing was sent; try again.',
    outcome: 'none',
    retryAfterS: 1,
    cause,
  });
}

/** @param outcome `none` if this attempt has sent nothing. */
export function inProgress(outcome: 'none' | 'unknown' = 'unknown'): AppError {
  return new AppError('IDEMPOTENCY_IN_PROGRESS', { outcome, retryAfterS: 1 });
}
