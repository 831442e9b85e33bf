import { LRUCache } from 'lru-cache';
import type { GuardedRedis, Script } from '../redis/guarded-redis.ts';
import { MAX_KEYS, type RateLimitStore, type Tier, type RateLimitResult } from './rate-limit-store.ts';
import { CONSUME } from './consume-script.ts';

/** The policy if Redis fails: count in this process, allow without counting, or reject. */
export type OnStoreFailure = 'local' | 'open' | 'closed';

export interface RedisRateLimitStoreOptions {
  readonly redis: Pick<GuardedRedis, 'script' | 'isHealthy'>;
  readonly onFailure: OnStoreFailure;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** The remaining quota divided by this is prefetched. */
  readonly advanceDivisor?: number;
}

interface Waiter {
  readonly cost: number;
  readonly settle: (result: RateLimitResult) => void;
}

/** The state of one key in this process. */
interface Account {
  readonly tier: Tier;
  /** The last count that Redis returned. */
  used: number;
  /** The prefetched quota that is not consumed yet; included in `used`. */
  prefetched: number;
  /** The quota granted here that Redis has not counted yet. */
  uncounted: number;
  /** The end of the window; never later than in Redis. */
  endsAt: number;
  /** Identifies the Redis hash that `used` belongs to, because Redis can lose a hash. */
  id: string;
  querying: boolean;
  returnTimer: NodeJS.Timeout | undefined;
  readonly waiting: Waiter[];
}

const UNKNOWN = { used: 0, prefetched: 0, uncounted: 0, endsAt: -Infinity, id: '' };

/** Each process prefetches at most 1 / 100 of the remaining quota, so that others lack far less than 5 %. */
const ADVANCE_DIVISOR = 100;
/** Milliseconds from the last query to the return of unused quota. Active callers avoid that round trip. */
const RETURN_UNUSED_MS = 5000;
/** The maximum batch size. A script blocks Redis while it runs. */
const MAX_BATCH = 500;
const CLOSED_RETRY_MS = 1000;

/**
 * Creates a store that counts across processes. Each process batches the requests that arrive during a query
 * into the next one, and prefetches some quota if the limit is large. Unused quota is returned. If Redis fails,
 * the policy applies from the moment that the failure is known; `local` continues from the last known count.
 * Quota that was prefetched before is used again when Redis is back.
 */
export function redisRateLimitStore(options: RedisRateLimitStoreOptions): RateLimitStore {
  const { onFailure, now, advanceDivisor = ADVANCE_DIVISOR } = options;
  const accounts = new LRUCache<string, Account>({ max: MAX_KEYS });
  const script: Script = options.redis.script(CONSUME);

  function accountOf(key: string, tier: Tier): Account {
    let account = accounts.get(key);
    if (!account) {
      account = { tier, ...UNKNOWN, returnTimer: undefined, querying: false, waiting: [] };
      accounts.set(key, account);
    }
    if (account.endsAt <= now() && !account.querying) {
      Object.assign(account, UNKNOWN);
    }
    return account;
  }

  /** Queries Redis in batches until no request waits. Without waiting requests it returns the unused quota. */
  async function consumeWaiting(key: string, account: Account): Promise<void> {
    account.querying = true;
    do {
      const batch = account.waiting.splice(0, MAX_BATCH);
      const granted = await consumeInRedis(key, account, batch);
      for (const [index, { cost, settle }] of batch.entries()) {
        settle(granted ? resultOf(account, granted[index] === 1) : withoutRedis(account, cost));
      }
      if (granted) serveFromPrefetched(account);
    } while (account.waiting.length > 0);
    account.querying = false;
    if (account.prefetched > 0) returnUnusedLater(key, account);
  }

  function serveFromPrefetched(account: Account): void {
    for (;;) {
      const [next] = account.waiting;
      if (!next || next.cost > account.prefetched) return;
      account.waiting.shift();
      account.prefetched -= next.cost;
      next.settle(resultOf(account, true));
    }
  }

  /** Returns 1 or 0 for each request; undefined if Redis is unavailable. */
  async function consumeInRedis(
    key: string,
    account: Account,
    batch: readonly Waiter[],
  ): Promise<number[] | undefined> {
    const { tier, used, prefetched, uncounted, endsAt, id } = account;
    const sentAt = now();
    const known = endsAt > sentAt;
    const args = [
      tier.limit,
      tier.windowMs,
      known ? used : 0,
      known ? id : '',
      known ? Math.ceil(endsAt - sentAt) : 0,
      known ? uncounted - prefetched : 0,
      advanceDivisor,
      ...batch.map(({ cost }) => cost),
    ];
    try {
      const reply = (await script([key], args)) as [number, number, number, Buffer, ...number[]];
      const [total, advance, ttl, newId, ...granted] = reply;
      account.used = total;
      account.prefetched = advance;
      account.uncounted = 0;
      account.endsAt = sentAt + ttl;
      account.id = String(newId);
      return granted;
    } catch {
      // `GuardedRedis` has logged the error already. The caller applies the failure policy.
      // Redis may have taken back unused quota although the reply was lost.
      if (batch.length === 0) account.prefetched = 0;
      return undefined;
    }
  }

  function withoutRedis(account: Account, cost: number): RateLimitResult {
    if (onFailure === 'closed')
      return { allowed: false, used: account.tier.limit, resetMs: CLOSED_RETRY_MS, counted: false };
    if (account.endsAt <= now()) {
      Object.assign(account, UNKNOWN, { endsAt: now() + account.tier.windowMs });
    }
    const fits = account.used + account.uncounted - account.prefetched + cost <= account.tier.limit;
    if (fits) account.uncounted += cost;
    if (onFailure === 'open') return { ...resultOf(account, true), counted: fits };
    return resultOf(account, fits);
  }

  function resultOf(account: Account, allowed: boolean): RateLimitResult {
    const { used, uncounted, prefetched, endsAt, tier } = account;
    // The sum of two numbers can be rounded up, so that more than a window would be left.
    const resetMs = Math.min(tier.windowMs, Math.max(1, endsAt - now()));
    return { allowed, used: used + uncounted - prefetched, resetMs, counted: true };
  }

  function returnUnusedLater(key: string, account: Account): void {
    clearTimeout(account.returnTimer);
    account.returnTimer = setTimeout(() => {
      if (account.querying || account.prefetched === 0 || account.endsAt <= now()) return;
      void consumeWaiting(key, account);
    }, RETURN_UNUSED_MS).unref();
  }

  return {
    consume(key, cost, tier) {
      const account = accountOf(key, tier);
      const isIdle = !account.querying && account.waiting.length === 0;
      // While Redis fails, the policy decides, and not the counts that Redis has returned before.
      if (isIdle && options.redis.isHealthy(key)) {
        // Quota that Redis has not counted yet is reported by a query first. A cost of 0 needs a known state, too.
        if (account.prefetched >= Math.max(cost, 1) && account.uncounted === 0) {
          account.prefetched -= cost;
          return resultOf(account, true);
        }
        // The limit of this window is used up in all processes.
        if (account.used >= tier.limit && account.prefetched === 0) return resultOf(account, false);
      }
      return new Promise((settle) => {
        account.waiting.push({ cost, settle });
        if (!account.querying) void consumeWaiting(key, account);
      });
    },
  };
}
