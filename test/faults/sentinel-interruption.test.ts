import { startFleet } from '../support/fleet.ts';
import { startSentinels } from '../support/redis/redis-sentinel.ts';
import { waitFor } from '../support/wait-for.ts';

/** Well below a minute, after which ioredis connects to a Sentinel again by default. */
const SOON_MS = 30_000;

test('leaves a living old master when its connections to the Sentinels were interrupted during the change', async () => {
  const redis = await startSentinels();
  const { master, replica, sentinels, addresses, name } = redis;
  const env = { REDIS_MODE: 'sentinel', REDIS_NODES: addresses, REDIS_SENTINEL_NAME: name };
  const fleet = await startFleet(1, env).catch(async (error: unknown) => {
    await redis.stop();
    throw error;
  });
  const clients = async (server: typeof master) =>
    (await server.query('client', 'list')).match(/name=zyntro-bff/g)?.length ?? 0;
  try {
    await waitFor('all connections to the master', async () => (await clients(master)) === 3);
    await replica.cli('replicaof', 'no', 'one');
    for (const sentinel of sentinels) {
      // Unlike a failover, this publishes nothing and leaves the old master as it is.
      await sentinel.cli('sentinel', 'remove', name);
      await sentinel.cli('sentinel', 'monitor', name, '127.0.0.1', String(replica.port), '2');
    }
    expect([await clients(master), await clients(replica)]).toEqual([3, 0]);
    for (const sentinel of sentinels) await sentinel.cli('client', 'kill', 'type', 'pubsub');
    await waitFor('all connections to the new master', async () => (await clients(replica)) === 3, SOON_MS);
    expect(await clients(master)).toBe(0);
    await waitFor(
      'an acknowledgement by the new master',
      async () => (await fleet.members[0]!.invalidate(fleet.freshContact())).status === 204,
    );
  } finally {
    await fleet.stop();
    await redis.stop();
  }
});
