import { readIntoRedis, redisEvents, startFleet, type Fleet } from '../support/fleet.ts';
import { REDIS_UP, healthy, REDIS_DOWN } from '../support/outage.ts';
import { startSentinels, type RedisSentinels } from '../support/redis/redis-sentinel.ts';
import { waitFor } from '../support/wait-for.ts';

let sentinels: RedisSentinels;
let fleet: Fleet;
beforeAll(async () => {
  sentinels = await startSentinels();
  fleet = await startFleet(2, {
    REDIS_MODE: 'sentinel',
    REDIS_NODES: sentinels.addresses,
    REDIS_SENTINEL_NAME: sentinels.name,
    CACHE_L1_MAX_MB: '0',
  });
});
afterAll(async () => {
  await fleet?.stop();
  await sentinels?.stop();
});

test('uses the master that the Sentinels report, and the new one after a failover', async () => {
  const [one, two] = fleet.members;
  const id = fleet.freshContact();
  await readIntoRedis(one!, `/contacts/${id}`);
  expect((await two!.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
  expect(Number(await sentinels.master.cli('dbsize'))).toBeGreaterThan(0);
  // The invalidation reaches the replica, and is read back after the failover.
  expect((await one!.invalidate(id)).status).toBe(204);

  await sentinels.master.kill();
  const statuses = new Set<number>();
  await waitFor('the failover', async () => {
    statuses.add((await two!.get(`/contacts/${crypto.randomUUID()}`)).status);
    return (await sentinels.replica.query('role')).startsWith('master');
  });
  expect([...statuses]).toEqual([404]);
  await Promise.all([healthy(one!), healthy(two!)]);
  expect((await one!.invalidate(id)).status).toBe(204);
  await readIntoRedis(one!, `/contacts/${id}?include=notes`);
  expect((await two!.get(`/contacts/${id}?include=notes`)).headers['cache-status']).toMatch(/; hit;/);
  expect(await fleet.sandbox.callsFor(id)).toHaveLength(2);
  // A new master may reject commands, or not be found, for a short time after the failover.
  for (const member of [one!, two!]) {
    const events = redisEvents(member);
    expect([events[0], events.at(-1), events.length <= 6]).toEqual([REDIS_DOWN, REDIS_UP, true]);
  }
});
