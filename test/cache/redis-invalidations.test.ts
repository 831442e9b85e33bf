import { randomUUID } from 'node:crypto';
import { fenceKey, generationKey, inboxChannel, INVALIDATIONS_CHANNEL } from '../../src/cache/part-key.ts';
import { redisInvalidations } from '../../src/cache/redis-invalidations.ts';
import { INVALIDATE } from '../../src/cache/redis-scripts.ts';
import { RedisUnavailable } from '../../src/redis/redis-unavailable.ts';
import { fakeClock, settled } from '../support/fake-clock.ts';
import { createStore, type OpenedStore } from '../support/redis/create-store.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { ORG, OWNER } from '../support/sandbox-servers.ts';

let server: RedisServer;
let opened: OpenedStore;
let other: OpenedStore;
beforeAll(async () => {
  server = await startRedis();
  const settings = { mode: 'standalone', nodes: [{ host: '127.0.0.1', port: server.port }] } as const;
  [opened, other] = await Promise.all([createStore(settings), createStore(settings)]);
});
afterAll(async () => {
  opened.close();
  other.close();
  await server.stop();
});

/** Publishes an invalidation of another process, and waits for the acknowledgement. */
async function receiveFromAnother(contact: string, fences = ''): Promise<void> {
  const [sender, acknowledged] = [randomUUID(), Promise.withResolvers<void>()];
  other.redis.subscribe(inboxChannel(sender), () => acknowledged.resolve());
  await waitFor('the subscription', async () =>
    (await server.cli('pubsub', 'numsub', inboxChannel(sender))).endsWith('1'),
  );
  await server.cli('publish', INVALIDATIONS_CHANNEL, `${ORG}|${contact}|${sender}.1|${fences}`);
  await acknowledged.promise;
}

/** Makes the server refuse all writes until the function that it returns is called. */
async function refuseWrites(): Promise<() => Promise<string>> {
  await server.cli('config', 'set', 'min-replicas-to-write', '1');
  return () => server.cli('config', 'set', 'min-replicas-to-write', '0');
}

test('repeats a refused invalidation although another process has invalidated the contact meanwhile', async () => {
  const contact = randomUUID();
  await (await opened.store.claim({ org: ORG, member: OWNER, contact }, [], ['notes'])).store([]);
  const acceptWrites = await refuseWrites();
  await expect(opened.store.invalidate(ORG, contact)).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
  await receiveFromAnother(contact);
  await acceptWrites();
  await waitFor(
    'the repetition',
    async () => (await server.cli('exists', generationKey(ORG, contact))) === '0',
  );
});

test('repeats a refused opening although another process has invalidated the contact meanwhile', async () => {
  const contact = randomUUID();
  const fence = await opened.store.fence(ORG, contact);
  const acceptWrites = await refuseWrites();
  await expect(fence.open()).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
  await receiveFromAnother(contact);
  await acceptWrites();
  await waitFor('the repetition', async () => (await server.cli('exists', fenceKey(ORG, contact))) === '0');
});

test('never shortens a fence in Redis, and removes it with its last write', async () => {
  const contact = randomUUID();
  const run = opened.redis.script(INVALIDATE);
  const change = (...changes: (string | number)[]) =>
    run([generationKey(ORG, contact), fenceKey(ORG, contact)], [INVALIDATIONS_CHANNEL, '', '', ...changes]);
  await change('one', 3_600_000, 'two', 1000);
  await change('one', 1000);
  expect(Number(await server.cli('pttl', fenceKey(ORG, contact)))).toBeGreaterThan(3_000_000);
  await change('one', 0);
  expect(Number(await server.cli('pttl', fenceKey(ORG, contact)))).toBeLessThanOrEqual(1000);
  await change('two', 0);
  expect(await server.cli('exists', fenceKey(ORG, contact))).toBe('0');
});

test('refuses a write while too many contacts are closed', async () => {
  const fences = Array.from({ length: 10_000 }, (_, write) => `t${write}:60000`).join(',');
  const contact = randomUUID();
  await receiveFromAnother(contact, fences);
  await expect(opened.store.fence(ORG, randomUUID())).rejects.toMatchObject({
    code: 'CACHE_UNAVAILABLE',
    details: { detail: expect.stringMatching(/^Too many writes/), retryAfterS: 5 },
  });
  await receiveFromAnother(contact, fences.replaceAll(':60000', ':0'));
  await (await opened.store.fence(ORG, randomUUID())).open();
});

test('repeats many refused invalidations in batches, and the next round only after the last batch', async () => {
  const clock = fakeClock();
  const inFlight: PromiseWithResolvers<boolean>[] = [];
  const invalidations = redisInvalidations({
    redis: {
      script: () => async () => {},
      longTimeoutScript: () => async () => {},
      durableScript: () => () => {
        const run = Promise.withResolvers<boolean>();
        inFlight.push(run);
        return run.promise;
      },
      removeMatching: async () => {},
      subscribe: () => {},
      onGap: () => {},
      onRecovery: () => {},
      serverOf: () => 'server',
      isSettled: () => true,
      isUp: () => true,
    },
    ttlMs: 0,
    fenceMs: 0,
    uncertainMs: 0,
    now: clock.now,
    setTimer: clock.setTimer,
    randomId: randomUUID,
  });
  const refuseAll = async () => {
    for (const run of inFlight.splice(0)) run.reject(new RedisUnavailable());
    await settled();
  };
  const refused = Array.from({ length: 500 }, () => invalidations.invalidate(ORG, randomUUID()));
  const outcomes = Promise.allSettled(refused);
  await refuseAll();
  await outcomes;
  for (const expected of [200, 200, 100]) {
    await clock.advance(1000);
    expect(inFlight).toHaveLength(expected);
    await refuseAll();
  }
  await clock.advance(1000);
  expect(inFlight).toHaveLength(200);
  await refuseAll();
});
