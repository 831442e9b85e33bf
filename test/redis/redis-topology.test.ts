import { Redis } from 'ioredis';
import { confirmationCounter } from '../../src/redis/redis-topology.ts';
import { settled } from '../support/fake-clock.ts';

const MASTER = { remoteAddress: '127.0.0.1', remotePort: 6379 };
const LIVING = ['flags', 'slave'];
const DEAD = ['flags', 'slave,disconnected'];

/** Creates a counter on a master and a Sentinel whose replies are set here. */
function createCounter() {
  const state = { role: ['master', 0, []] as unknown[], stream: MASTER, nowMs: 0 };
  const replies: PromiseWithResolvers<unknown>[] = [];
  const disconnected = new Redis({ lazyConnect: true });
  const call = () => {
    const reply = Promise.withResolvers<unknown>();
    replies.push(reply);
    return reply.promise;
  };
  const connection = Object.create(disconnected) as Redis;
  Object.defineProperties(connection, {
    role: { value: async () => state.role },
    stream: { get: () => state.stream },
  });
  const count = confirmationCounter({
    settings: { mode: 'sentinel', nodes: [{ host: '127.0.0.1', port: 1 }], sentinelName: 'main' },
    connection,
    slotOf: () => 0,
    createSentinel: () =>
      Object.assign(Object.create(disconnected) as Redis, { call, on: () => {}, disconnect: () => {} }),
    now: () => state.nowMs,
  });
  return {
    state,
    replies,
    count: () => count(connection, 'key'),
    connected: (replicas: number) => (state.role = ['master', 0, Array.from({ length: replicas })]),
    ready: () => disconnected.emit('ready'),
    /** Counts while the Sentinel replies. */
    countWith: async (...reply: unknown[]) => {
      const needed = count(connection, 'key');
      await settled();
      replies.at(-1)!.resolve(reply);
      return needed;
    },
  };
}

test('asks the Sentinels once for all invalidations that wait for the answer', async () => {
  const { count, replies } = createCounter();
  const answers = Promise.all(Array.from({ length: 100 }, count));
  await settled();
  expect(replies).toHaveLength(1);
  replies[0]!.resolve([LIVING]);
  expect(new Set(await answers)).toEqual(new Set([1]));

  const later = count();
  await settled();
  expect(replies).toHaveLength(2);
  replies[1]!.resolve([['flags', 's_down,slave']]);
  expect(await later).toBe(0);
});

test('needs one of several connected replicas, without a question to the Sentinels', async () => {
  const { connected, count, replies } = createCounter();
  connected(2);
  expect([await count(), replies.length]).toEqual([1, 0]);
});

test('needs a living replica that the master has just lost, since Sentinels may be promoting it', async () => {
  const { connected, countWith, count, ready, state } = createCounter();
  connected(2);
  ready();
  await settled();
  connected(1);
  expect(await countWith(LIVING, LIVING)).toBe(2);
  state.nowMs = 9_999;
  expect(await countWith(LIVING, LIVING)).toBe(2);
  connected(2);
  expect(await count()).toBe(1);
  connected(1);
  state.nowMs = 19_998;
  expect(await countWith(LIVING, LIVING)).toBe(2);
  state.nowMs = 30_000;
  expect(await countWith(LIVING, LIVING)).toBe(1);
  expect(await count()).toBe(1);
});

test('does not need a replica that has died, or that another master had', async () => {
  const { connected, countWith, count, state } = createCounter();
  connected(3);
  await count();
  connected(2);
  expect(await countWith(LIVING, LIVING, DEAD)).toBe(1);
  expect(await count()).toBe(1);
  connected(1);
  state.stream = { ...MASTER, remotePort: 6380 };
  expect(await count()).toBe(1);
});

test('takes a lost replica to live if no Sentinel replies', async () => {
  const { connected, count, replies } = createCounter();
  connected(2);
  await count();
  connected(1);
  const needed = count();
  await settled();
  replies[0]!.reject(new Error('timed out'));
  expect(await needed).toBe(2);
});
