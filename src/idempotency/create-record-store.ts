import type { GuardedRedis } from '../redis/guarded-redis.ts';
import { memoryRecordStore } from './memory-record-store.ts';
import type { RecordStore } from './record-store.ts';
import { redisRecordStore } from './redis-record-store.ts';

export interface RecordStoreOptions {
  /** Undefined if Redis is not configured: records stay in this process. */
  readonly redis: GuardedRedis | undefined;
  /** The time for which a key is kept after its attempt has ended. */
  readonly ttlMs: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

const MEMORY_LIMITS = { maxRecords: 10_000, maxBytes: 16 * 1024 * 1024 };

/** Creates the configured store. */
export function createRecordStore({ redis, ttlMs, now }: RecordStoreOptions): RecordStore {
  return redis ? redisRecordStore(redis, { ttlMs }) : memoryRecordStore({ ...MEMORY_LIMITS, ttlMs, now });
}
