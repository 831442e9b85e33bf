import { Redis } from 'ioredis';
import { replicaFinder } from '../../src/redis/redis-topology.ts';
import { settled } from '../support/fake-clock.ts';

const SETTINGS = {
  mode: 'sentinel',
  nodes: [{ host: '127.0.0.1', port: 1 }],
  sentinelName: 'main',
  username: undefined,
  password: undefined,
  sentinelPassword: undefined,
  timeoutMs: 80,
  db: 0,
  tls: false,
  certificateNames: [],
} as const;

test('asks the Sentinels once for all invalidations that wait for the answer', async () => {
  const connection = new Redis({ lazyConnect: true });
  const master = Object.assign(Object.create(connection) as Redis, { role: async () => ['master', 0, []] });
  const replies: PromiseWithResolvers<unknown>[] = [];
  const call = () => {
    const reply = Promise.withResolvers<unknown>();
    replies.push(reply);
    return reply.promise;
  };
  const sentinel = () =>
    Object.assign(Object.create(connection) as Redis, { call, on: () => {}, disconnect: () => {} });
  const hasReplica = replicaFinder(SETTINGS, connection, () => 0, sentinel);

  const answers = Promise.all(Array.from({ length: 100 }, () => hasReplica(master, 'key')));
  await settled();
  expect(replies).toHaveLength(1);
  replies[0]!.resolve([['flags', 'slave']]);
  expect(new Set(await answers)).toEqual(new Set([true]));

  const later = hasReplica(master, 'key');
  await settled();
  expect(replies).toHaveLength(2);
  replies[1]!.resolve([['flags', 's_down,slave']]);
  expect(await later).toBe(false);
});
