import type { GuardedRedis } from '../redis/guarded-redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { throttleLog } from '../lib/throttle-log.ts';
import { longestRetentionMs, type CachePolicy } from './freshness.ts';
import { memoryPartStore } from './memory-part-store.ts';
import { nearPartStore } from './near-part-store.ts';
import type { PartStore } from './part-store.ts';
import { redisPartStore } from './redis-part-store.ts';
import type { EntryCodec } from './stored-entry.ts';

export interface PartStoreOptions {
  /** Undefined where no Redis is configured: everything stays in this process. */
  readonly link: GuardedRedis | undefined;
  readonly codec: EntryCodec;
  readonly cache: CachePolicy;
  readonly memoryStore: { readonly maxBytes: number };
  readonly redisStore: { readonly nearMaxBytes: number; readonly nearTtlMs: number };
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'gauge' | 'nearRead' | 'undecodable'>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** How often a line is repeated that every request could bring about. */
const REPEAT_MS = 10_000;

/** The engine that the configuration asks for: in memory, or Redis with a near cache in front of it. */
export function createPartStore(options: PartStoreOptions): PartStore {
  const { link, codec, cache, redisStore, log, metrics, now } = options;
  if (!link) return memoryPartStore({ ...options.memoryStore, now, metrics });
  const limit = { everyMs: REPEAT_MS, now };
  const tellUndecodable = throttleLog(
    (times) => log.warn({ times }, 'an entry in Redis cannot be read, and counts as missing'),
    limit,
  );
  const remote = redisPartStore({
    link,
    codec,
    longestMs: longestRetentionMs(cache),
    now,
    onUndecodable: () => {
      metrics.undecodable();
      tellUndecodable();
    },
  });
  return nearPartStore({
    remote,
    maxBytes: redisStore.nearMaxBytes,
    ttlMs: redisStore.nearTtlMs,
    now,
    metrics,
    onUnsafeInvalidation: throttleLog(
      (times) =>
        log.warn(
          { times },
          'no replica has confirmed an invalidation: a failover of Redis right now could undo it',
        ),
      limit,
    ),
  });
}
