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
  /** How many entries could not be read. */
  undecodable(): number;
  /** How many invalidations no replica has confirmed. */
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
  /** Whether to wait until the server answers. */
  readonly up?: boolean;
}

/** A part store as one process has it, on a Redis of the test's own. */
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
  // Connecting may take longer than a start waits for it.
  if (up)
    await waitFor('Redis', () => health.report().reasons.every(({ component }) => component !== 'redis'));
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
