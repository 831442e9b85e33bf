import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { generationKey } from '../../src/cache/part-key.ts';
import { startFleet, type Fleet } from '../support/fleet.ts';
import { startCluster, type RedisCluster } from '../support/redis/redis-cluster.ts';
import { startSlowProxy } from '../support/slow-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

let cluster: RedisCluster;
let fleet: Fleet | undefined;
beforeEach(async () => void (cluster = await startCluster({ replicas: 0 })));
afterEach(async () => {
  await fleet?.stop();
  fleet = undefined;
  await cluster.stop();
});

async function startOn(addresses: string): Promise<Fleet> {
  fleet = await startFleet(1, { REDIS_MODE: 'cluster', REDIS_NODES: addresses });
  await expectAcknowledgement(fleet);
  return fleet;
}

const expectAcknowledgement = (started: Fleet) =>
  waitFor('an acknowledgement', async () => {
    const { status } = await started.members[0]!.invalidate(crypto.randomUUID());
    return status === 204;
  });

const subscribers = async ({ nodes }: RedisCluster) =>
  (await Promise.all(nodes.map((node) => node.cli('client', 'list', 'type', 'pubsub')))).join('');

test('returns to the addresses in the settings when all nodes have others', async () => {
  const other = await startCluster({ replicas: 0 });
  const seed = await startSlowProxy(cluster.nodes[0]!.port);
  try {
    const started = await startOn(`127.0.0.1:${seed.port}`);
    seed.targetPort = other.nodes[0]!.port;
    await cluster.stop();
    await expectAcknowledgement(started);
    await waitFor('the subscription', async () => (await subscribers(other)).includes('zyntro-bff'));
  } finally {
    await seed.stop();
    await other.stop();
  }
});

test('connects a few times per second while every node closes its connections', async () => {
  const started = await startOn(cluster.addresses);
  await cluster.stop();
  let connections = 0;
  const servers = cluster.nodes.map(({ port }) => {
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    return server.listen(port, '127.0.0.1');
  });
  await Promise.all(servers.map((server) => once(server, 'listening')));
  await waitFor('a connection', () => connections > 0);
  const before = connections;
  await sleep(3000);
  // Three clients try three nodes each up to twice a second; without a pause it would be thousands.
  expect(connections - before).toBeLessThan(300);
  expect((await started.members[0]!.get(`/contacts/${started.freshContact()}`)).status).toBe(200);
  for (const server of servers) server.close();
});

test('continues when a slot moves to a node that refuses ASKING', async () => {
  const started = await startOn(cluster.addresses);
  const member = started.members[0]!;
  const contact = started.freshContact();
  const key = generationKey(started.org.id, contact);
  const source = await cluster.masterOf(key);
  const target = cluster.nodes.find((node) => node !== source)!;
  await target.cli('acl', 'setuser', 'default', '-asking');
  const slot = await source.cli('cluster', 'keyslot', key);
  const [sourceId, targetId] = await Promise.all([source, target].map((node) => node.cli('cluster', 'myid')));
  await target.cli('cluster', 'setslot', slot, 'importing', sourceId!);
  await source.cli('cluster', 'setslot', slot, 'migrating', targetId!);
  for (let round = 0; round < 5; round += 1)
    expect((await member.get(`/contacts/${contact}`)).status).toBe(200);
  await waitFor('a refusal', async () => (await target.cli('acl', 'log')).includes('asking'));
  expect((await member.get(`/contacts/${started.freshContact()}`)).status).toBe(200);
  expect(member.events().filter(({ level }) => level === 'fatal' || level === 60)).toEqual([]);
});
