import type { GuardedRedis } from '../redis/guarded-redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { throttleLog } from '../lib/throttle-log.ts';
import { setBackgroundTimer } from '../lib/timers.ts';
import { freshnessObserver } from './freshness-observer.ts';
import { longestRetentionMs, type CachePolicy } from './freshness.ts';
import { memoryPartStore } from './memory-part-store.ts';
import { nearPartStore, servedForMs } from './near-part-store.ts';
import type { PartStore } from './part-store.ts';
import { randomId } from './random-id.ts';
import { redisInvalidations } from './redis-invalidations.ts';
import { redisPartStore } from './redis-part-store.ts';
import type { EntryCodec } from './stored-entry.ts';

export interface PartStoreOptions {
  /** Undefined if Redis is not configured: entries stay in this process. */
  readonly redis: GuardedRedis | undefined;
  readonly codec: EntryCodec;
  readonly cache: CachePolicy;
  readonly memoryStore: { readonly maxBytes: number };
  readonly redisStore: { readonly nearMaxBytes: number; readonly nearTtlMs: number };
  /** One in so many invalidations is observed through another process; 0 for none. */
  readonly freshnessSample: number;
  readonly fence: {
    /** Milliseconds for which a write closes its contact if its process dies. */
    readonly fenceMs: number;
    /** Milliseconds for which the upstream may still carry out a write with an unknown outcome. */
    readonly uncertainMs: number;
  };
  readonly log: Log;
  readonly metrics: Pick<
    Metrics,
    'gauge' | 'nearRead' | 'undecodable' | 'freshnessViolation' | 'freshnessPropagation'
  >;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** The minimum interval between two log lines of the same kind, which any request could cause. */
const REPEAT_MS = 10_000;

/** The minimum time for which a generation is kept, if the policy caches nothing: Redis refuses 0. */
const MIN_GENERATION_MS = 1000;

/** Creates the configured store: in memory, or Redis behind a near cache. */
export function createPartStore(options: PartStoreOptions): PartStore {
  const { redis, codec, cache, redisStore, fence, log, metrics, now } = options;
  if (!redis) return memoryPartStore({ ...options.memoryStore, ...fence, now, metrics });
  const limit = { everyMs: REPEAT_MS, now };
  const logUndecodable = throttleLog(
    (times) => log.warn({ times }, 'undecodable entry in redis, treated as a miss'),
    limit,
  );
  const shared = { redis, now, randomId, setTimer: setBackgroundTimer };
  const remote = redisPartStore({
    ...shared,
    codec,
    longestMs: Math.max(MIN_GENERATION_MS, longestRetentionMs(cache)),
    renewForMs: fence.fenceMs,
    onUndecodable: () => {
      metrics.undecodable();
      logUndecodable();
    },
  });
  const invalidations = redisInvalidations({ ...shared, ...fence, ttlMs: servedForMs(redisStore.nearTtlMs) });
  const store = nearPartStore({
    remote,
    invalidations,
    maxBytes: redisStore.nearMaxBytes,
    floorMs: fence.fenceMs,
    ttlMs: redisStore.nearTtlMs,
    now,
    randomId,
    metrics,
  });
  const observedBy = freshnessObserver({
    ...shared,
    read: (ref, parts) => remote.read(ref, parts),
    invalidations,
    oldestBirth: (org, contact) => store.oldestBirth(org, contact),
    sample: options.freshnessSample,
    metrics,
    random: Math.random,
  });
  return { ...store, invalidate: observedBy((org, contact) => store.invalidate(org, contact)) };
}
