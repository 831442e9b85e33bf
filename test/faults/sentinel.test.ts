import { readIntoRedis, redisEvents, startFleet, type Fleet } from '../support/fleet.ts';
import { CAME_BACK, healthy, WENT } from '../support/outage.ts';
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

test('the master that the Sentinels name is used, and the next one after it has died', async () => {
  const [one, two] = fleet.members;
  const id = fleet.freshContact();
  await readIntoRedis(one!, `/contacts/${id}`);
  expect((await two!.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
  expect(Number(await sentinels.master.cli('dbsize'))).toBeGreaterThan(0);
  // Read back from the replica once it has taken over: the invalidation has reached it.
  expect((await one!.invalidate(id)).status).toBe(204);

  await sentinels.master.kill();
  const statuses = new Set<number>();
  await waitFor('the failover', async () => {
    statuses.add((await two!.get(`/contacts/${fleet.freshContact()}`)).status);
    return (await sentinels.replica.cli('role')).startsWith('master');
  });
  expect([...statuses]).toEqual([200]);
  await Promise.all([healthy(one!), healthy(two!)]);
  expect((await one!.invalidate(id)).status).toBe(204);
  await readIntoRedis(one!, `/contacts/${id}?include=notes`);
  expect((await two!.get(`/contacts/${id}?include=notes`)).headers['cache-status']).toMatch(/; hit;/);
  expect(await fleet.sandbox.callsFor(id)).toHaveLength(2);
  // A new master may refuse, or not be found, for a moment more.
  for (const member of [one!, two!]) {
    const events = redisEvents(member);
    expect([events[0], events.at(-1), events.length <= 6]).toEqual([WENT, CAME_BACK, true]);
  }
});
