import { redisPartStore } from '../../src/cache/redis-part-store.ts';
import { CLAIM, RENEW } from '../../src/cache/redis-scripts.ts';
import { plainCodec } from '../../src/cache/stored-entry.ts';
import { fakeClock } from '../support/fake-clock.ts';

test('a lease whose call never ends is not renewed for ever', async () => {
  const clock = fakeClock();
  let renewals = 0;
  const store = redisPartStore({
    redis: {
      read: async () => [],
      script: (lua) => async () => {
        if (lua === RENEW) renewals += 1;
        return lua === CLAIM ? [Buffer.from('g'), 1, [Buffer.alloc(0)], [], [], 0] : 1;
      },
      subscribe: () => {},
      onDown: () => {},
    },
    codec: plainCodec,
    longestMs: 60_000,
    renewForMs: 3000,
    now: clock.now,
    setTimer: clock.setTimer,
    randomId: () => 'id',
    onUndecodable: () => {},
  });
  await store.claim({ org: 'o', contact: 'c', member: 'm' }, [], ['contact']);
  await clock.advance(60_000);
  expect(renewals).toBe(10);
});
