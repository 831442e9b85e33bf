import { nearPartStore } from '../../../src/cache/near-part-store.ts';
import type { PartStore } from '../../../src/cache/part-store.ts';
import { randomId } from '../../../src/cache/random-id.ts';
import { redisInvalidations, type RedisInvalidations } from '../../../src/cache/redis-invalidations.ts';
import { redisPartStore, type RedisPartStore } from '../../../src/cache/redis-part-store.ts';
import { plainCodec, type EntryCodec } from '../../../src/cache/stored-entry.ts';
import { createRedis } from '../../../src/redis/redis-client.ts';
import { GuardedRedis } from '../../../src/redis/guarded-redis.ts';
import type { RedisSettings } from '../../../src/redis/redis-settings.ts';
import { setBackgroundTimer, type SetTimer } from '../../../src/lib/timers.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { waitFor } from '../wait-for.ts';
import { newMetrics } from '../metrics.ts';
import { redisSettings } from './redis-settings.ts';

export interface OpenedStore {
  readonly store: PartStore;
  readonly remote: RedisPartStore;
  readonly invalidations: RedisInvalidations;
  readonly redis: GuardedRedis;
  readonly health: Health;
  readonly logged: Record<string, unknown>[];
  /** Number of entries that could not be decoded. */
  undecodable(): number;
  close(): void;
}

export interface CreateStoreOptions {
  readonly nearMaxBytes?: number;
  readonly nearTtlMs?: number;
  readonly fenceMs?: number;
  readonly uncertainMs?: number;
  readonly codec?: EntryCodec;
  /** The process's monotonic clock. */
  readonly now?: () => number;
  readonly setTimer?: SetTimer;
  readonly timeoutMs?: number;
  /** Whether to wait until the server responds. */
  readonly up?: boolean;
}

/** Creates the part store of one process on the test's own Redis. */
export async function createStore(
  settings: Partial<RedisSettings> & Pick<RedisSettings, 'mode' | 'nodes'>,
  {
    nearMaxBytes = 0,
    nearTtlMs = 1000,
    fenceMs = 35_000,
    uncertainMs = 30_000,
    codec = plainCodec,
    timeoutMs = 10_000,
    up = true,
    now = () => performance.now(),
    setTimer = setBackgroundTimer,
  }: CreateStoreOptions = {},
): Promise<OpenedStore> {
  const logged: Record<string, unknown>[] = [];
  const log = createLog(
    { level: 'info' },
    { write: (line) => void logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const health = new Health(Date.now);
  const client = createRedis(redisSettings(settings, { timeoutMs }));
  const redis = new GuardedRedis({ client, log, health, timeoutMs, metrics: newMetrics() });
  let undecodable = 0;
  const shared = { redis, now, randomId, setTimer };
  const remote = redisPartStore({
    ...shared,
    codec,
    longestMs: 7_200_000,
    renewForMs: 60_000,
    onUndecodable: () => (undecodable += 1),
  });
  const invalidations = redisInvalidations({ ...shared, ttlMs: nearTtlMs, fenceMs, uncertainMs });
  const store = nearPartStore({
    remote,
    invalidations,
    maxBytes: nearMaxBytes,
    floorMs: fenceMs,
    ttlMs: nearTtlMs,
    now,
    randomId,
    metrics: newMetrics(),
  });
  await redis.connect();
  // The connection may take longer than `connect` waits.
  if (up)
    await waitFor('Redis to be up', () =>
      health.report().reasons.every(({ component }) => component !== 'redis'),
    );
  return {
    store,
    remote,
    invalidations,
    redis,
    health,
    logged,
    undecodable: () => undecodable,
    close: () => redis.close(),
  };
}
