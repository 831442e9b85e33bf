import { nearPartStore } from '../../../src/cache/near-part-store.ts';
import type { PartStore } from '../../../src/cache/part-store.ts';
import { redisPartStore, type RedisPartStore } from '../../../src/cache/redis-part-store.ts';
import { plainCodec, type EntryCodec } from '../../../src/cache/stored-entry.ts';
import { createRedis } from '../../../src/redis/redis-client.ts';
import { GuardedRedis } from '../../../src/redis/guarded-redis.ts';
import type { RedisSettings } from '../../../src/redis/redis-settings.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { waitFor } from '../wait-for.ts';
import { newMetrics } from '../metrics.ts';

export interface OpenedStore {
  readonly store: PartStore;
  readonly remote: RedisPartStore;
  readonly link: GuardedRedis;
  readonly health: Health;
  readonly logged: Record<string, unknown>[];
  /** Number of entries that could not be decoded. */
  undecodable(): number;
  /** Number of invalidations that no replica has acknowledged. */
  unsafe(): number;
  close(): void;
}

export interface OpenStoreOptions {
  readonly nearMaxBytes?: number;
  readonly nearTtlMs?: number;
  readonly codec?: EntryCodec;
  /** The process's monotonic clock. */
  readonly now?: () => number;
  readonly timeoutMs?: number;
  /** Whether to wait until the server responds. */
  readonly up?: boolean;
}

/** Opens the part store of one process on the test's own Redis. */
export async function openStore(
  settings: Partial<RedisSettings> & Pick<RedisSettings, 'mode' | 'nodes'>,
  {
    nearMaxBytes = 0,
    nearTtlMs = 1000,
    codec = plainCodec,
    timeoutMs = 10_000,
    up = true,
    now = () => performance.now(),
  }: OpenStoreOptions = {},
): Promise<OpenedStore> {
  const logged: Record<string, unknown>[] = [];
  const log = createLog(
    { level: 'info' },
    { write: (line) => void logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const health = new Health(Date.now);
  const client = createRedis({
    sentinelName: undefined,
    username: undefined,
    password: undefined,
    sentinelPassword: undefined,
    timeoutMs,
    db: 0,
    tls: false,
    certificateNames: [],
    ...settings,
  });
  const link = new GuardedRedis({ client, log, health, timeoutMs, metrics: newMetrics() });
  let undecodable = 0;
  let unsafe = 0;
  const remote = redisPartStore({
    redis: link,
    codec,
    longestMs: 7_200_000,
    now,
    onUndecodable: () => (undecodable += 1),
  });
  const store = nearPartStore({
    remote,
    maxBytes: nearMaxBytes,
    ttlMs: nearTtlMs,
    now,
    metrics: newMetrics(),
    onUnsafeInvalidation: () => (unsafe += 1),
  });
  await link.connect();
  // The connection may take longer than `connect` waits.
  if (up)
    await waitFor('Redis to be up', () =>
      health.report().reasons.every(({ component }) => component !== 'redis'),
    );
  return {
    store,
    remote,
    link,
    health,
    logged,
    undecodable: () => undecodable,
    unsafe: () => unsafe,
    close: () => link.close(),
  };
}
