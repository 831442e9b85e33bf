import { LRUCache } from 'lru-cache';
import { parseJson, type Json } from '../lib/json.ts';
import type { GuardedRedis } from '../redis/guarded-redis.ts';
import type { EntryCodec } from './stored-entry.ts';

/** A cache of small values that belong to an organization, such as the list of its members. */
export interface ValueCache {
  /** Returns undefined if the value is not cached, or is not JSON. Never rejects. */
  get(key: string): Promise<Json | undefined>;
  /** Stores a value for `ttlMs`. Resolves to false if Redis has not stored it. Never rejects. */
  set(key: string, value: Json, ttlMs: number): Promise<boolean>;
}

const MAX_VALUES = 10_000;
const MAX_TOTAL_LENGTH = 8 * 1024 * 1024;

/** Creates a cache in this process. */
export function memoryValueCache(monotonicNow: () => number): ValueCache {
  const values = new LRUCache<string, string>({
    max: MAX_VALUES,
    maxSize: MAX_TOTAL_LENGTH,
    sizeCalculation: (value, key) => value.length + key.length,
    perf: { now: monotonicNow },
    ttlResolution: 0,
  });
  return {
    async get(key) {
      const text = values.get(key);
      return text === undefined ? undefined : parseJson(text);
    },
    async set(key, value, ttlMs) {
      if (ttlMs > 0) values.set(key, JSON.stringify(value), { ttl: ttlMs });
      return true;
    },
  };
}

/** Creates a cache in Redis, encrypted by the codec. It reads as empty while Redis fails. */
export function redisValueCache(redis: Pick<GuardedRedis, 'call'>, codec: EntryCodec): ValueCache {
  return {
    async get(key) {
      return quietly(async () => {
        const stored = await redis.call('GET', [key]);
        const entry = Buffer.isBuffer(stored) ? codec.decode(key, stored) : undefined;
        return entry && entry.bytes !== 'not-found' ? parseJson(entry.bytes.toString('utf8')) : undefined;
      });
    },
    async set(key, value, ttlMs) {
      if (ttlMs <= 0) return true;
      const stored = codec.encode(key, {
        ...UNSTAMPED,
        bytes: Buffer.from(JSON.stringify(value)),
        freshMs: ttlMs,
        retentionMs: ttlMs,
      });
      return (await quietly(() => redis.call('SET', [key, stored, 'PX', String(ttlMs)]))) !== undefined;
    },
  };
}

/** Such values have no generation: they are not part of a contact. */
const UNSTAMPED = { generation: '', number: 0, contentHash: '', ageMs: 0 };

async function quietly<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch {
    // GuardedRedis reports outages itself. A value of another form counts as absent.
    return undefined;
  }
}
