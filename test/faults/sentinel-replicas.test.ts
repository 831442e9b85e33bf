import { startFleet, type Fleet } from '../support/fleet.ts';
import { startSentinels, type RedisSentinels } from '../support/redis/redis-sentinel.ts';
import { waitFor } from '../support/wait-for.ts';

let redis: RedisSentinels;
let fleet: Fleet;
beforeAll(async () => {
  redis = await startSentinels(undefined, 2);
  fleet = await startFleet(1, {
    REDIS_MODE: 'sentinel',
    REDIS_NODES: redis.addresses,
    REDIS_SENTINEL_NAME: redis.name,
  });
});
afterAll(async () => {
  await fleet?.stop();
  await redis?.stop();
});

const invalidate = async () => (await fleet.members[0]!.invalidate(fleet.freshContact())).status;
/** On a busy machine, a replica may confirm too late. */
const acknowledged = () => waitFor('an acknowledgement', async () => (await invalidate()) === 204);
const connectedReplicas = async () =>
  (await redis.master.query('info', 'replication')).match(/state=online/g);

test('acknowledges nothing on a master whose other replica is being promoted', async () => {
  await waitFor('both replicas', async () => (await connectedReplicas())?.length === 2);
  await acknowledged();
  // The first step of a failover. As no Sentinel has begun it, they undo it after some seconds.
  await redis.replica.cli('replicaof', 'no', 'one');
  await waitFor('the loss of the replica', async () => (await connectedReplicas())?.length === 1);
  expect(await invalidate()).toBe(503);
  await waitFor('both replicas again', async () => (await connectedReplicas())?.length === 2);
  await acknowledged();
});

test('acknowledges if a replica has died and another one confirms', async () => {
  await redis.replica.kill();
  await waitFor('the Sentinels to notice the death', async () => {
    const states = await Promise.all(
      redis.sentinels.map((one) => one.query('sentinel', 'replicas', redis.name)),
    );
    return states.every((text) => /s_down|disconnected/.test(text));
  });
  await waitFor('the loss of the replica', async () => (await connectedReplicas())?.length === 1);
  expect(await invalidate()).toBe(204);
});
