import { createRedis, type RedisClient } from '../../src/redis/redis-client.ts';
import { startCluster, type RedisCluster } from '../support/redis/redis-cluster.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { redisSettings } from '../support/redis/redis-settings.ts';

const CHANNEL = 'zbff:test';

function subscribed(mode: 'standalone' | 'cluster', servers: readonly RedisServer[]) {
  const nodes = servers.map(({ port }) => ({ host: '127.0.0.1', port }));
  const client = createRedis(redisSettings({ mode, nodes }));
  const seen = { messages: 0, gaps: 0, failures: 0 };
  client.subscribe(CHANNEL, () => (seen.messages += 1));
  client.onGap(() => (seen.gaps += 1));
  client.onSubscriptionFailed(() => (seen.failures += 1));
  client.connect();
  return { client, seen };
}

const onAll = (servers: readonly RedisServer[], ...command: string[]) =>
  Promise.all(servers.map((server) => server.cli(...command)));
const isActive = (client: RedisClient) => waitFor('the subscription', () => client.isReady('subscription'));

describe('on a Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => void (cluster = await startCluster({ replicas: 0 })));
  afterAll(() => cluster?.stop());

  test('a connection that is replaced is a gap, and a refusal is repeated until it is accepted', async () => {
    const { nodes } = cluster;
    const { client, seen } = subscribed('cluster', nodes);
    try {
      await isActive(client);
      const { gaps } = seen;
      await onAll(nodes, 'client', 'kill', 'type', 'pubsub');
      await waitFor('the gap', () => seen.gaps > gaps);
      await onAll(nodes, 'acl', 'setuser', 'default', '-subscribe');
      await onAll(nodes, 'client', 'kill', 'type', 'pubsub');
      await waitFor('the failure', () => seen.failures > 0);
      expect(client.isReady('subscription')).toBe(false);
      await onAll(nodes, 'acl', 'setuser', 'default', '+@all');
      await isActive(client);
      await waitFor('a message', async () => {
        await nodes[0]!.cli('publish', CHANNEL, 'x');
        return seen.messages > 0;
      });
    } finally {
      client.close();
    }
  });

  test('a node that hangs while it is chosen for the subscription is left for another one', async () => {
    const { nodes } = cluster;
    const hung = nodes.slice(1);
    const { client } = subscribed('cluster', nodes);
    try {
      await isActive(client);
      for (const node of hung) node.signal('SIGSTOP');
      // The next ones are chosen at random, and one that hangs is noticed after five seconds.
      await nodes[0]!.cli('client', 'kill', 'type', 'pubsub');
      await waitFor('the subscription of the living node', async () =>
        (await nodes[0]!.cli('client', 'list', 'type', 'pubsub')).includes('zyntro-bff'),
      );
      await isActive(client);
    } finally {
      for (const node of hung) node.signal('SIGCONT');
      client.close();
    }
  });
});

test('a channel that is accepted later makes the subscription active', async () => {
  const server = await startRedis();
  try {
    await server.cli('acl', 'setuser', 'default', 'resetchannels');
    const { client, seen } = subscribed('standalone', [server]);
    await waitFor('the failure', () => seen.failures > 0);
    await server.cli('acl', 'setuser', 'default', 'allchannels');
    await waitFor('the verification', () =>
      client.verify().then(
        () => true,
        () => false,
      ),
    );
    expect(client.isReady('subscription')).toBe(true);
    client.close();
  } finally {
    await server.stop();
  }
});
