import { LRUCache } from 'lru-cache';
import type { GuardedRedis, Script } from '../redis/guarded-redis.ts';
import { MAX_KEYS, type RateLimitStore, type Tier, type RateLimitResult } from './rate-limit-store.ts';
import { TAKE } from './consume-script.ts';

/** What to do with a request that cannot be counted: count it here, let it through, or refuse it. */
export type OnStoreFailure = 'local' | 'open' | 'closed';

export interface RedisRateLimitStoreOptions {
  readonly link: Pick<GuardedRedis, 'script'>;
  readonly onFailure: OnStoreFailure;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** The share of what is left, as a divisor, that is taken in advance. */
  readonly advanceDivisor?: number;
}

interface Waiter {
  readonly cost: number;
  readonly settle: (verdict: RateLimitResult) => void;
}

/** What this process knows of one key. */
interface Account {
  readonly tier: Tier;
  /** The count as Redis last told it. */
  used: number;
  /** Taken in advance, and counted in `used`. */
  prefetched: number;
  /** Let through without Redis knowing. */
  uncounted: number;
  /** When the window ends; never later than in Redis. */
  endsAt: number;
  /** Which of Redis's counts `used` is of, since Redis can lose one. */
  id: string;
  asking: boolean;
  returnTimer: NodeJS.Timeout | undefined;
  readonly waiting: Waiter[];
}

const UNKNOWN = { used: 0, prefetched: 0, uncounted: 0, endsAt: -Infinity, id: '' };

/** At most this share is taken in advance by each process, so that what the others cannot have stays far below 5 %. */
const ADVANCE_DIVISOR = 100;
/** Each giving back is a trip, and so is the asking that comes after it: a caller that is at work needs neither. */
const RETURN_UNUSED_MS = 5000;
/** Requests that are asked for at once; a script blocks Redis for as long as it runs. */
const MAX_AT_ONCE = 500;
const CLOSED_RETRY_MS = 1000;

/**
 * Counts across processes, each of which asks Redis once for all requests that have come since it last
 * asked, and takes a little in advance where the limit is large. What it does not use of that is given back.
 * While Redis fails the policy decides, and `local` goes on from what was known.
 */
export function redisRateLimitStore(options: RedisRateLimitStoreOptions): RateLimitStore {
  const { onFailure, now, advanceDivisor = ADVANCE_DIVISOR } = options;
  const accounts = new LRUCache<string, Account>({ max: MAX_KEYS });
  const script: Script = options.link.script(TAKE);

  function accountOf(key: string, tier: Tier): Account {
    let account = accounts.get(key);
    if (!account) {
      account = { tier, ...UNKNOWN, returnTimer: undefined, asking: false, waiting: [] };
      accounts.set(key, account);
    }
    if (account.endsAt <= now() && !account.asking) {
      Object.assign(account, UNKNOWN);
    }
    return account;
  }

  /** Asks for all who wait until nobody does; where nobody did, gives back what was taken in advance. */
  async function consumeWaiting(key: string, account: Account): Promise<void> {
    account.asking = true;
    do {
      const asked = account.waiting.splice(0, MAX_AT_ONCE);
      const granted = await consumeInRedis(key, account, asked);
      for (const [index, { cost, settle }] of asked.entries()) {
        settle(granted ? resultOf(account, granted[index] === 1) : withoutRedis(account, cost));
      }
      serveFromPrefetched(account);
    } while (account.waiting.length > 0);
    account.asking = false;
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

  /** Which of the requests were granted, or undefined where Redis could not be asked. */
  async function consumeInRedis(
    key: string,
    account: Account,
    asked: readonly Waiter[],
  ): Promise<number[] | undefined> {
    const { tier, used, prefetched: spare, uncounted: owed, endsAt, id } = account;
    const sentAt = now();
    const known = endsAt > sentAt;
    const args = [
      tier.limit,
      tier.windowMs,
      known ? used : 0,
      known ? id : '',
      known ? Math.ceil(endsAt - sentAt) : 0,
      known ? owed - spare : 0,
      advanceDivisor,
      ...asked.map(({ cost }) => cost),
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
      // The link has told why; what is to be done now is for the policy to say.
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

  function resultOf(
    { used, uncounted: owed, prefetched: spare, endsAt }: Account,
    allowed: boolean,
  ): RateLimitResult {
    return { allowed, used: used + owed - spare, resetMs: Math.max(1, endsAt - now()), counted: true };
  }

  function returnUnusedLater(key: string, account: Account): void {
    clearTimeout(account.returnTimer);
    account.returnTimer = setTimeout(() => {
      if (account.asking || account.prefetched === 0 || account.endsAt <= now()) return;
      void consumeWaiting(key, account);
    }, RETURN_UNUSED_MS).unref();
  }

  return {
    consume(key, cost, tier) {
      const account = accountOf(key, tier);
      if (!account.asking && account.waiting.length === 0) {
        if (account.prefetched >= cost) {
          account.prefetched -= cost;
          return resultOf(account, true);
        }
        // Nothing is left in this window, whoever asks.
        if (account.used >= tier.limit && account.prefetched === 0) return resultOf(account, false);
      }
      return new Promise((settle) => {
        account.waiting.push({ cost, settle });
        if (!account.asking) void consumeWaiting(key, account);
      });
    },
  };
}
