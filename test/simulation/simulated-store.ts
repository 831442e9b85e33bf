import { memoryPartStore } from '../../src/cache/memory-part-store.ts';
import { nearPartStore } from '../../src/cache/near-part-store.ts';
import type { PartStore } from '../../src/cache/part-store.ts';
import { redisInvalidations } from '../../src/cache/redis-invalidations.ts';
import { redisPartStore } from '../../src/cache/redis-part-store.ts';
import { plainCodec } from '../../src/cache/stored-entry.ts';
import type { SimulatedRedis } from './simulated-redis.ts';
import { watchedRedis, type WatchOptions } from './watched-redis.ts';

export const TTL_MS = 1000;
export const UPSTREAM_MS = 400;
const UNCERTAIN_MS = 600;
export const FENCE_MS = 2 * UPSTREAM_MS + UNCERTAIN_MS;
/** The time that messages and timers take at most beyond a limit. */
export const SLACK_MS = 700;
export const METRICS = {
  gauge: () => {},
  nearRead: () => {},
  part: () => {},
  contactRead: () => {},
};

/** Opens the store of a process without Redis. */
export function openMemoryStore(now: () => number): PartStore {
  const limits = { maxBytes: 1e6, fenceMs: FENCE_MS, uncertainMs: UNCERTAIN_MS };
  return memoryPartStore({ ...limits, now, metrics: METRICS });
}

interface StoreOptions {
  readonly watch: WatchOptions;
  /** The clock of the process. */
  readonly now: () => number;
  readonly randomId: () => string;
  readonly hasNearCache: boolean;
  readonly log: (text: () => string) => void;
}

/** Opens the store of a process on its Redis. */
export function openRedisStore(
  redis: SimulatedRedis,
  { watch, now, randomId, hasNearCache, log }: StoreOptions,
): PartStore {
  const { index, references } = watch;
  const setTimer = (ms: number, run: () => void) => redis.setTimer(ms, run);
  const shared = { redis, now, randomId, setTimer };
  redis.onAcknowledge = (message) => {
    const announced = references.get(message.split('|')[0]!);
    log(() => `process ${index} acknowledges ${message}`);
    if (announced && announced.acknowledgedAt === Infinity) announced.acknowledgedBy.add(index);
  };
  const remote = redisPartStore({
    ...shared,
    codec: plainCodec,
    longestMs: 10_000,
    renewForMs: FENCE_MS,
    onUndecodable: () => {},
  });
  const invalidations = redisInvalidations({
    ...shared,
    redis: watchedRedis(redis, watch),
    ttlMs: TTL_MS,
    fenceMs: FENCE_MS,
    uncertainMs: UNCERTAIN_MS,
  });
  const maxBytes = hasNearCache ? 1e6 : 0;
  const limits = { maxBytes, floorMs: FENCE_MS, ttlMs: TTL_MS };
  return nearPartStore({ remote, invalidations, ...limits, now, randomId, metrics: METRICS });
}
