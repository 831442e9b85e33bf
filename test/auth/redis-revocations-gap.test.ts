import { redisRevocations } from '../../src/auth/redis-revocations.ts';
import type { GuardedRedis } from '../../src/redis/guarded-redis.ts';

test('compares again after a gap that ended during a comparison', async () => {
  const scans: PromiseWithResolvers<[Buffer, Buffer[]]>[] = [];
  let endGap: (() => void) | undefined;
  const redis = {
    call: () => {
      const scan = Promise.withResolvers<[Buffer, Buffer[]]>();
      scans.push(scan);
      return scan.promise;
    },
    longTimeoutScript: () => async () => 1,
    subscribe: () => {},
    onGap: (listener: () => void) => (endGap = listener),
  } as unknown as GuardedRedis;
  const store = redisRevocations({
    redis,
    maxRevocations: 10,
    compareMs: 60_000,
    now: Date.now,
    onUnusable: () => {},
  });
  const first = store.compare();
  endGap?.();
  scans[0]!.resolve([Buffer.from('0'), []]);
  await first;
  expect(scans).toHaveLength(2);
  scans[1]!.resolve([Buffer.from('0'), []]);
  await store.compare();
  expect(scans).toHaveLength(2);
  store.close();
});
