import { AppError } from '../errors.ts';
import type { GuardedRedis } from '../redis/guarded-redis.ts';
import { RedisUnavailable } from '../redis/redis-unavailable.ts';
import { revocationList, type Merged, type Revocation } from './revocation-list.ts';
import { noRoom, type RevocationStore } from './revocation-store.ts';

export interface RedisRevocationsOptions {
  readonly redis: GuardedRedis;
  readonly maxRevocations: number;
  /** Milliseconds between two comparisons with Redis, which repair missed messages and lost entries. */
  readonly compareMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called when a revocation cannot be read, or when this process has no room for it. */
  readonly onUnusable: () => void;
}

export interface RedisRevocations extends RevocationStore {
  /** Loads the revocations from Redis and restores those that Redis has lost. Never rejects. */
  compare(): Promise<void>;
  close(): void;
}

const KEY = 'zbff:1:revocations';
const CHANNEL = 'zbff:1:revocations';
const PAGE = 500;
const RETRY_MS = 1000;
const FULL = 0;

/**
 * Stores revocations with their expiry as the score, and publishes the new ones.
 *
 * KEYS: the sorted set. ARGV: capacity, channel, the caller's time in seconds, then a score, a member and the member
 * that it replaces, or '', for each revocation. Returns 0 if the capacity does not suffice for all of them. Expires by
 * the earlier of the caller's clock and Redis's: a clock that is ahead must not drop a revocation that other processes
 * need.
 */
const KEEP = `
local now = math.min(tonumber(redis.call('TIME')[1]), tonumber(ARGV[3]))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local full = false
for i = 4, #ARGV, 3 do
  local ends, member, old = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local oldEnds = redis.call('ZSCORE', KEYS[1], old)
  local replaces = oldEnds and tonumber(oldEnds) <= tonumber(ends)
  local hasRoom = redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1])
  if not hasRoom and not replaces and not redis.call('ZSCORE', KEYS[1], member) then
    full = true
  else
    if replaces then redis.call('ZREM', KEYS[1], old) end
    if redis.call('ZADD', KEYS[1], 'GT', 'CH', ends, member) == 1 then
      redis.call('PUBLISH', ARGV[2], ends .. ' ' .. member)
    end
  end
end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then
  redis.call('PERSIST', KEYS[1])
elseif last then
  redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(last) - now) + 1)
end
return full and 0 or 1
`;

/**
 * Creates a store that shares revocations through Redis and holds all of them in memory. New revocations
 * arrive over a channel; revocations missed while disconnected arrive with the next comparison. If Redis loses
 * entries, by eviction or a restart, any process that holds them stores them again.
 */
export function redisRevocations(options: RedisRevocationsOptions): RedisRevocations {
  const { redis, onUnusable } = options;
  const list = revocationList(options);
  const keepScript = redis.longTimeoutScript(KEEP);
  let comparing: Promise<void> | undefined;
  /** True if revocations may have been missed since the comparison in progress began. */
  let mustRepeat = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function learn(score: string, member: string): void {
    const revocation = decode(score, member);
    if (!revocation || !list.add(revocation)) onUnusable();
  }

  async function store(revocations: readonly Merged[]): Promise<boolean> {
    const args = revocations.flatMap(({ merged, known }) => {
      const member = encode(merged);
      const replaced = known ? encode(known) : '';
      return [String(merged.until ?? '+inf'), member, replaced === member ? '' : replaced];
    });
    const nowS = Math.floor(options.now() / 1000);
    const reply = await keepScript([KEY], [options.maxRevocations, CHANNEL, nowS, ...args]);
    return reply !== FULL;
  }

  async function compareOnce(): Promise<void> {
    const stored = new Set<string>();
    let cursor = '0';
    do {
      const [next, found] = (await redis.call('ZSCAN', [KEY, cursor, 'COUNT', PAGE])) as [Buffer, Buffer[]];
      for (let at = 0; at < found.length; at += 2) {
        const member = found[at]!.toString('utf8');
        stored.add(member);
        learn(found[at + 1]!.toString('latin1'), member);
      }
      cursor = next.toString('latin1');
    } while (cursor !== '0');
    const lost = list
      .active()
      .filter((one) => !stored.has(encode(one)))
      .map((merged) => ({ merged, known: undefined }));
    for (let at = 0; at < lost.length; at += PAGE) await store(lost.slice(at, at + PAGE));
  }

  function compare(): Promise<void> {
    comparing ??= compareOnce()
      .then(() => schedule(options.compareMs))
      .catch((error: unknown) => {
        // `GuardedRedis` has logged already that Redis is unreachable.
        if (!(error instanceof RedisUnavailable)) onUnusable();
        schedule(Math.min(RETRY_MS, options.compareMs));
      })
      .finally(() => {
        comparing = undefined;
        const isRepeated = mustRepeat;
        mustRepeat = false;
        if (isRepeated) void compare();
      });
    return comparing;
  }

  /** A comparison in progress may have passed the page of a revocation that was published before a gap ended. */
  function compareAfterGap(): void {
    mustRepeat = comparing !== undefined;
    void compare();
  }

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => void compare(), delayMs).unref();
  }

  redis.subscribe(CHANNEL, (message) => {
    const space = message.indexOf(' ');
    learn(message.slice(0, space), message.slice(space + 1));
  });
  redis.onGap(compareAfterGap);

  return {
    covers: (token) => list.covers(token),
    learn: (revocation) => list.add(revocation),
    async keep(revocation) {
      try {
        // Before it is added here: one that Redis has no room for must not take the place of another.
        if (!(await store([list.merged(revocation)]))) throw noRoom();
      } catch (cause) {
        if (!(cause instanceof RedisUnavailable)) throw cause;
        if (!list.add(revocation)) throw noRoom();
        throw new AppError('CACHE_UNAVAILABLE', {
          detail: 'Redis is unreachable, so the revocation may not apply in every process. Send it again.',
          retryAfterS: 1,
          cause,
        });
      }
      if (!list.add(revocation)) throw noRoom();
    },
    compare,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function encode({ by, issuer, value, before }: Revocation): string {
  return JSON.stringify([by, issuer ?? null, value, before ?? null]);
}

function decode(score: string, member: string): Revocation | undefined {
  const until = score === 'inf' || score === '+inf' ? undefined : Number(score);
  try {
    const [by, issuer, value, before] = JSON.parse(member) as unknown[];
    if ((by !== 'jti' && by !== 'sub') || typeof value !== 'string' || Number.isNaN(until)) return undefined;
    return {
      by,
      value,
      issuer: typeof issuer === 'string' ? issuer : undefined,
      before: typeof before === 'number' ? before : undefined,
      until,
    };
  } catch {
    return undefined;
  }
}
