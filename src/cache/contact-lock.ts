import { AppError } from '../errors.ts';
import { withTimeout } from '../lib/with-timeout.ts';
import type { GuardedRedis } from '../redis/guarded-redis.ts';

export interface ContactLockOptions {
  /** Undefined if the contacts are written by this process alone. */
  readonly redis: Pick<GuardedRedis, 'longTimeoutScript'> | undefined;
  /** Maximum time that work takes, in milliseconds. A lock whose process has died is free after this. */
  readonly leaseMs: number;
  /** Maximum time to wait for the lock, in milliseconds. */
  readonly waitMs: number;
  readonly monotonicNow: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly randomId: () => string;
}

/** Runs work of one contact while no other process runs work of it. */
export type ContactLock = <T>(org: string, contact: string, work: () => Promise<T>) => Promise<T>;

const POLL_MS = 20;

const ACQUIRE = `return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`;
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1`;

/**
 * Creates a lock for each contact: a queue in this process, and a lease in Redis between processes.
 *
 * The returned function throws AppError `CACHE_UNAVAILABLE` if Redis cannot be reached, and `OVERLOADED` if the
 * lock is not free in time. Nothing was run then.
 */
export function contactLock(options: ContactLockOptions): ContactLock {
  const { redis, leaseMs, waitMs, monotonicNow, sleep, randomId } = options;
  const acquire = redis?.longTimeoutScript(ACQUIRE);
  const release = redis?.longTimeoutScript(RELEASE);
  /** Settles when all work in the queue of a contact has ended. */
  const queues = new Map<string, Promise<unknown>>();

  /** If this fails, the lease ends by itself. */
  const free = async (key: string, token: string): Promise<void> =>
    void (await release!([key], [token]).catch(() => {}));

  async function lease(key: string, deadline: number): Promise<string> {
    const token = randomId();
    while (monotonicNow() < deadline) {
      let acquired: unknown;
      try {
        acquired = await acquire!([key], [token, String(leaseMs)]);
      } catch (cause) {
        // The command may have taken effect.
        void free(key, token);
        throw new AppError('CACHE_UNAVAILABLE', { outcome: 'none', retryAfterS: 1, cause });
      }
      if (acquired === 1) return token;
      await sleep(POLL_MS);
    }
    throw tooBusy();
  }

  async function inTurn<T>(key: string, deadline: number, work: () => Promise<T>): Promise<T> {
    if (monotonicNow() >= deadline) throw tooBusy();
    if (!redis) return work();
    const token = await lease(key, deadline);
    try {
      return await work();
    } finally {
      await free(key, token);
    }
  }

  return function exclusively(org, contact, work) {
    const key = `zbff:lock:{${org}:${contact}}`;
    const deadline = monotonicNow() + waitMs;
    const before = queues.get(key) ?? Promise.resolve();
    const turn = withTimeout(waitMs, before).catch(() => Promise.reject(tooBusy()));
    const done = turn.then(() => inTurn(key, deadline, work));
    const settled = Promise.allSettled([before, done]);
    queues.set(key, settled);
    void settled.then(() => queues.get(key) === settled && queues.delete(key));
    return done;
  };
}

function tooBusy(): AppError {
  return new AppError('OVERLOADED', {
    detail: 'Too many conditional writes to this contact are in progress. Try again later.',
    outcome: 'none',
    retryAfterS: 1,
  });
}
