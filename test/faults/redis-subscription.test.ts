import { startFleet, type Fleet } from '../support/fleet.ts';
import { expectOutageHandled, SUBSCRIPTION_ACCEPTED, SUBSCRIPTION_REJECTED } from '../support/outage.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';

let redis: RedisServer;
let fleet: Fleet;
beforeAll(async () => {
  redis = await startRedis();
  fleet = await startFleet(1, { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '500' });
});
afterAll(async () => {
  await fleet?.stop();
  await redis?.stop();
});

test('a subscription that Redis refuses is reported, and repeated until Redis accepts it', async () => {
  await expectOutageHandled(fleet, fleet.members[0]!, {
    async begin() {
      await redis.cli('acl', 'setuser', 'default', '-subscribe');
      await redis.cli('client', 'kill', 'type', 'pubsub');
    },
    end: () => redis.cli('acl', 'setuser', 'default', '+@all'),
    component: 'redis:subscription',
    reason: /^NOPERM: .*may not run a command/,
    events: [SUBSCRIPTION_REJECTED, SUBSCRIPTION_ACCEPTED],
    invalidation: 204,
    redisUp: 1,
  });
});
