import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startFleet, type Fleet } from '../support/fleet.ts';
import { startSentinels, type RedisSentinels } from '../support/redis/redis-sentinel.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { startSlowProxy, type SlowProxy } from '../support/slow-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

/** Well below a minute, after which ioredis connects to a Sentinel again by default. */
const SOON_MS = 30_000;

let redis: RedisSentinels;
let proxy: SlowProxy;
let fleet: Fleet | undefined;
beforeEach(async () => {
  redis = await startSentinels();
  proxy = await startSlowProxy(redis.sentinels[0]!.port);
});
afterEach(async () => {
  await fleet?.stop();
  fleet = undefined;
  await proxy.stop();
  await redis.stop();
});

const clients = async (server: RedisServer) =>
  (await server.query('client', 'list')).match(/name=zyntro-bff/g)?.length ?? 0;

const CONNECTIONS = 3;

async function startThroughProxy(): Promise<Fleet> {
  fleet = await startFleet(1, {
    REDIS_MODE: 'sentinel',
    REDIS_NODES: `127.0.0.1:${proxy.port}`,
    REDIS_SENTINEL_NAME: redis.name,
  });
  await waitFor('all connections to the master', async () => (await clients(redis.master)) === CONNECTIONS);
  return fleet;
}

/** Waits until each connection has asked for the master twice: at first, and after it subscribed to failovers. */
async function startAndSubscribe(): Promise<Fleet> {
  const started = await startThroughProxy();
  await waitFor(
    'the queries of all connections',
    () => proxy.requestsWith('get-master-addr') >= 2 * CONNECTIONS,
  );
  return started;
}

/** Makes the Sentinels name the replica. Unlike a failover, this publishes nothing and leaves the master as it is. */
async function replaceMaster(): Promise<void> {
  const { master, replica, sentinels, name } = redis;
  await replica.cli('replicaof', 'no', 'one');
  for (const sentinel of sentinels) {
    await sentinel.cli('sentinel', 'remove', name);
    await sentinel.cli('sentinel', 'monitor', name, '127.0.0.1', String(replica.port), '2');
  }
  expect([await clients(master), await clients(replica)]).toEqual([CONNECTIONS, 0]);
}

const expectAcknowledgement = (started: Fleet) =>
  waitFor('an acknowledgement', async () => {
    const { status } = await started.members[0]!.invalidate(crypto.randomUUID());
    return status === 204;
  });

async function expectNewMaster(started: Fleet): Promise<void> {
  const { master, replica } = redis;
  await waitFor(
    'all connections to the new master',
    async () => (await clients(replica)) === CONNECTIONS,
    SOON_MS,
  );
  expect(await clients(master)).toBe(0);
  await expectAcknowledgement(started);
}

test('leaves a living old master when its connections to the Sentinels were interrupted during the change', async () => {
  const started = await startAndSubscribe();
  await replaceMaster();
  for (const sentinel of redis.sentinels) await sentinel.cli('client', 'kill', 'type', 'pubsub');
  await expectNewMaster(started);
});

test('leaves a living old master when the change came before its connections to the Sentinels were ready', async () => {
  proxy.hold('subscribe');
  const started = await startThroughProxy();
  // Each connection sends SUBSCRIBE twice, because ioredis does so as well. Nobody may rely on one without a response.
  await waitFor('another attempt', () => proxy.requestsWith('subscribe') > 2 * CONNECTIONS);
  await replaceMaster();
  proxy.hold(undefined);
  await expectNewMaster(started);
});

test('connects again after a failover that happened while it was connecting', async () => {
  const started = await startAndSubscribe();
  await replaceMaster();
  // Connecting takes as long as a Sentinel may take to respond. Another one notices the failover meanwhile.
  proxy.hold('get-master-addr');
  for (const type of ['normal', 'pubsub']) await redis.master.cli('client', 'kill', 'type', type);
  await redis.sentinels[1]!.cli('client', 'kill', 'type', 'pubsub');
  await expectNewMaster(started);
});

test('asks another Sentinel if one does not respond', async () => {
  await startAndSubscribe();
  proxy.hold('get-master-addr');
  for (const type of ['normal', 'pubsub']) await redis.master.cli('client', 'kill', 'type', type);
  await waitFor('new connections', async () => (await clients(redis.master)) === CONNECTIONS, SOON_MS);
});

test('keeps its connections during a failover of another master', async () => {
  const started = await startAndSubscribe();
  const other = await startRedis();
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(other.port)] });
  const sentinel = redis.sentinels[0]!;
  const listener = new Redis({ port: sentinel.port });
  try {
    // The order is not that of the ids.
    const ids = async () => {
      const list = await redis.master.query('client', 'list');
      return list.match(/^id=\d+(?=.* name=zyntro-bff)/gm)?.toSorted();
    };
    const before = await ids();
    let isPublished = false;
    listener.on('message', () => (isPublished = true));
    await listener.subscribe('+switch-master');
    await sentinel.cli('sentinel', 'monitor', 'other', '127.0.0.1', String(other.port), '1');
    await waitFor('the failover', async () => {
      await sentinel.cli('sentinel', 'failover', 'other').catch(() => {});
      return isPublished;
    });
    await expectAcknowledgement(started);
    expect(await ids()).toEqual(before);
  } finally {
    listener.disconnect();
    await other.stop();
    await replica.stop();
  }
});

test('prints nothing about a Sentinel that is down', async () => {
  const started = await startAndSubscribe();
  await redis.sentinels[1]!.kill();
  // It connects again every second at least.
  await sleep(3000);
  expect(started.members[0]!.program.stderr()).toBe('');
});
