import type { GuardedRedis } from '../redis/guarded-redis.ts';
import { LEASE_MS, type RecordStore, type Stage } from './record-store.ts';
import { CLAIM, FREE, RENEW, SETTLE, START, TAKE_OVER } from './redis-scripts.ts';

/** Creates a store that all processes share. Its scripts have the long time limit, without a fallback. */
export function redisRecordStore(
  redis: Pick<GuardedRedis, 'longTimeoutScript'>,
  { ttlMs }: { readonly ttlMs: number },
): RecordStore {
  const claim = redis.longTimeoutScript(CLAIM);
  const takeOver = redis.longTimeoutScript(TAKE_OVER);
  const start = redis.longTimeoutScript(START);
  const renew = redis.longTimeoutScript(RENEW);
  const settle = redis.longTimeoutScript(SETTLE);
  const free = redis.longTimeoutScript(FREE);
  const heldTtlMs = ttlMs + LEASE_MS;

  return {
    async claim(key, token, data) {
      const reply = await claim([key], [token, LEASE_MS, heldTtlMs, data]);
      if (!reply) return undefined;
      const [stage, holder, held, stored] = reply as [Buffer, Buffer, number, Buffer];
      return {
        stage: stage.toString('latin1') as Stage,
        token: holder.toString('latin1'),
        held: held === 1,
        data: stored,
      };
    },
    takeOver: async (key, readToken, token) =>
      (await takeOver([key], [readToken, LEASE_MS, heldTtlMs, token])) === 1,
    start: async (key, token, data) => (await start([key], [token, LEASE_MS, heldTtlMs, data])) === 1,
    renew: async (key, token) => (await renew([key], [token, LEASE_MS, heldTtlMs])) === 1,
    settle: async (key, token, stage, data) => (await settle([key], [token, stage, ttlMs, data])) === 1,
    free: async (key, token) => (await free([key], [token])) === 1,
  };
}
