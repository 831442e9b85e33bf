import { LRUCache } from 'lru-cache';
import type { RedisLink, Script } from '../redis/redis-link.ts';
import { MAX_KEYS, type Allowance, type Tier, type Verdict } from './allowance.ts';
import { TAKE } from './take-script.ts';

/** What to do with a request that cannot be counted: count it here, let it through, or refuse it. */
export type OnStoreFailure = 'local' | 'open' | 'closed';

export interface RedisAllowanceOptions {
  readonly link: Pick<RedisLink, 'script'>;
  readonly onFailure: OnStoreFailure;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** The share of what is left, as a divisor, that is taken in advance. */
  readonly advanceDivisor?: number;
}

interface Waiter {
  readonly cost: number;
  readonly settle: (verdict: Verdict) => void;
}

/** What this process knows of one key. */
interface Account {
  readonly tier: Tier;
  /** The count as Redis last told it. */
  used: number;
  /** Taken in advance, and counted in `used`. */
  spare: number;
  /** Let through without Redis knowing. */
  owed: number;
  /** When the window ends; never later than in Redis. */
  endsAt: number;
  /** Which of Redis's counts `used` is of, since Redis can lose one. */
  id: string;
  asking: boolean;
  giveBack: NodeJS.Timeout | undefined;
  readonly waiting: Waiter[];
}

const UNKNOWN = { used: 0, spare: 0, owed: 0, endsAt: -Infinity, id: '' };

/** At most this share is taken in advance by each process, so that what the others cannot have stays far below 5 %. */
const ADVANCE_DIVISOR = 100;
/** Each giving back is a trip, and so is the asking that comes after it: a caller that is at work needs neither. */
const GIVE_BACK_MS = 5000;
/** Requests that are asked for at once; a script blocks Redis for as long as it runs. */
const MAX_AT_ONCE = 500;
const CLOSED_RETRY_MS = 1000;

/**
 * Counts across processes, each of which asks Redis once for all requests that have come since it last
 * asked, and takes a little in advance where the limit is large. What it does not use of that is given back.
 * While Redis fails the policy decides, and `local` goes on from what was known.
 */
export function redisAllowance(options: RedisAllowanceOptions): Allowance {
  const { onFailure, now, advanceDivisor = ADVANCE_DIVISOR } = options;
  const accounts = new LRUCache<string, Account>({ max: MAX_KEYS });
  const script: Script = options.link.script(TAKE);

  function accountOf(key: string, tier: Tier): Account {
    let account = accounts.get(key);
    if (!account) {
      account = { tier, ...UNKNOWN, giveBack: undefined, asking: false, waiting: [] };
      accounts.set(key, account);
    }
    if (account.endsAt <= now() && !account.asking) {
      Object.assign(account, UNKNOWN);
    }
    return account;
  }

  /** Asks for all who wait until nobody does; where nobody did, gives back what was taken in advance. */
  async function ask(key: string, account: Account): Promise<void> {
    account.asking = true;
    do {
      const asked = account.waiting.splice(0, MAX_AT_ONCE);
      const granted = await takeFromRedis(key, account, asked);
      for (const [index, { cost, settle }] of asked.entries()) {
        settle(granted ? verdictOf(account, granted[index] === 1) : withoutRedis(account, cost));
      }
      serveFromSpare(account);
    } while (account.waiting.length > 0);
    account.asking = false;
    if (account.spare > 0) giveBackLater(key, account);
  }

  function serveFromSpare(account: Account): void {
    for (;;) {
      const [next] = account.waiting;
      if (!next || next.cost > account.spare) return;
      account.waiting.shift();
      account.spare -= next.cost;
      next.settle(verdictOf(account, true));
    }
  }

  /** Which of the requests were granted, or undefined where Redis could not be asked. */
  async function takeFromRedis(
    key: string,
    account: Account,
    asked: readonly Waiter[],
  ): Promise<number[] | undefined> {
    const { tier, used, spare, owed, endsAt, id } = account;
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
      account.spare = advance;
      account.owed = 0;
      account.endsAt = sentAt + ttl;
      account.id = String(newId);
      return granted;
    } catch {
      // The link has told why; what is to be done now is for the policy to say.
      return undefined;
    }
  }

  function withoutRedis(account: Account, cost: number): Verdict {
    if (onFailure === 'closed')
      return { allowed: false, used: account.tier.limit, resetMs: CLOSED_RETRY_MS, counted: false };
    if (account.endsAt <= now()) {
      Object.assign(account, UNKNOWN, { endsAt: now() + account.tier.windowMs });
    }
    const fits = account.used + account.owed - account.spare + cost <= account.tier.limit;
    if (fits) account.owed += cost;
    if (onFailure === 'open') return { ...verdictOf(account, true), counted: fits };
    return verdictOf(account, fits);
  }

  function verdictOf({ used, owed, spare, endsAt }: Account, allowed: boolean): Verdict {
    return { allowed, used: used + owed - spare, resetMs: Math.max(1, endsAt - now()), counted: true };
  }

  function giveBackLater(key: string, account: Account): void {
    clearTimeout(account.giveBack);
    account.giveBack = setTimeout(() => {
      if (account.asking || account.spare === 0 || account.endsAt <= now()) return;
      void ask(key, account);
    }, GIVE_BACK_MS).unref();
  }

  return {
    take(key, cost, tier) {
      const account = accountOf(key, tier);
      if (!account.asking && account.waiting.length === 0) {
        if (account.spare >= cost) {
          account.spare -= cost;
          return verdictOf(account, true);
        }
        // Nothing is left in this window, whoever asks.
        if (account.used >= tier.limit && account.spare === 0) return verdictOf(account, false);
      }
      return new Promise((settle) => {
        account.waiting.push({ cost, settle });
        if (!account.asking) void ask(key, account);
      });
    },
  };
}
