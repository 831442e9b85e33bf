import { randomUUID } from 'node:crypto';
import type { FetchLease } from '../../src/cache/part-store.ts';
import { COMPLETIONS_CHANNEL, leaseKey } from '../../src/cache/part-key.ts';
import { AppError } from '../../src/errors.ts';
import { createStore, type OpenedStore } from '../support/redis/create-store.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { ORG, OWNER } from '../support/sandbox-servers.ts';

/** Well below the interval at which a waiter rechecks by itself. */
const WOKEN_MS = 150;
const NEVER = new AbortController().signal;
let server: RedisServer;
let processes: OpenedStore[];
const settings = () => ({ mode: 'standalone', nodes: [{ host: '127.0.0.1', port: server.port }] }) as const;
beforeAll(async () => {
  server = await startRedis();
  processes = await Promise.all([createStore(settings()), createStore(settings())]);
});
afterAll(async () => {
  for (const opened of processes) opened.close();
  await server.stop();
});

const claimIn = (which: number, contact: string): Promise<FetchLease> =>
  processes[which]!.store.claim({ org: ORG, member: OWNER, contact }, [], ['notes']);
/** Returns the failure of the call that a claim waits for. Rechecks while the message has not arrived. */
async function failureOf(contact: string, claim: FetchLease): Promise<unknown> {
  for (let { heldByOthers } = claim; heldByOthers.length > 0;) {
    const failure: unknown = await heldByOthers[0]!.completed(NEVER).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure !== undefined) return failure;
    const ref = { org: ORG, member: OWNER, contact };
    ({ heldByOthers } = await processes[1]!.store.claim(ref, [], ['notes'], heldByOthers));
  }
  throw new Error('the lease was free');
}
const leases = async (): Promise<string> => server.cli('keys', '*:lease');

test('publishes no message when a call without waiters ends', async () => {
  const messages: string[] = [];
  const listener = await createStore(settings());
  try {
    listener.redis.subscribe(COMPLETIONS_CHANNEL, (message) => messages.push(message));
    await waitFor('the subscription', async () =>
      (await server.cli('pubsub', 'numsub', COMPLETIONS_CHANNEL)).endsWith('3'),
    );
    const claim = await claimIn(0, randomUUID());
    expect(await leases()).not.toBe('');
    await claim.store([]);
    expect(await leases()).toBe('');
    // Messages arrive in order, so that of a call with a waiter would follow.
    const contact = randomUUID();
    const awaited = await claimIn(0, contact);
    await claimIn(1, contact);
    await awaited.store([]);
    await waitFor('the message of the awaited call', () => messages.length > 0);
    expect(messages).toHaveLength(1);
  } finally {
    listener.close();
  }
});

test('a claim without a lease does not count as a confirmation of the generation by Redis', async () => {
  const ref = { org: ORG, member: OWNER, contact: randomUUID() };
  const [holder, other] = [processes[0]!.remote, processes[1]!.remote];
  const held = (await holder.claim(ref, [], ['notes']))!;
  const waiting = (await other.claim(ref, [], ['notes']))!;
  expect(waiting.heldByOthers).toHaveLength(1);
  expect(await waiting.settle([])).toBeUndefined();
  expect(await held.settle([])).toBe(true);
});

test('wakes the waiters when a call ends, and removes its lease', async () => {
  const times: number[] = [];
  // The fastest round shows that a message woke the waiters, even on a busy machine.
  for (let round = 0; round < 5; round += 1) {
    const contact = randomUUID();
    const owned = await claimIn(0, contact);
    const [waiter, again] = [await claimIn(1, contact), await claimIn(1, contact)];
    expect(waiter.heldByOthers).toMatchObject([{ parts: ['notes'] }]);
    const waiting = [waiter, again].map((claim) => claim.heldByOthers[0]!.completed(NEVER));
    const endedAt = performance.now();
    await owned.store([]);
    await Promise.all(waiting);
    times.push(performance.now() - endedAt);
    expect(await leases()).toBe('');
  }
  expect(Math.min(...times)).toBeLessThan(WOKEN_MS);
});

test('passes a failure to the waiters, also when the lease was lost', async () => {
  const contact = randomUUID();
  const owned = await claimIn(0, contact);
  const waiter = await claimIn(1, contact);
  await server.cli('del', await leases());
  await owned.fail(new AppError('UPSTREAM_TIMEOUT'));
  await expect(failureOf(contact, waiter)).resolves.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
});

test('a waiter that rechecks before the failure message fails without a second call', async () => {
  const contact = randomUUID();
  const ref = { org: ORG, member: OWNER, contact };
  const owned = await claimIn(0, contact);
  const { heldByOthers } = await claimIn(1, contact);
  await owned.fail(new AppError('UPSTREAM_CREDENTIALS_REJECTED'));
  // The first recheck does not take a lease, so the second one does not either.
  for (let round = 0; round < 2; round += 1) {
    const again = await processes[1]!.store.claim(ref, [], ['notes'], heldByOthers);
    await expect(again.heldByOthers[0]!.completed(NEVER)).rejects.toMatchObject({
      code: 'UPSTREAM_CREDENTIALS_REJECTED',
    });
  }
});

test('a waiter rechecks until a failure message that cannot be parsed expires, and then gets the lease', async () => {
  const contact = randomUUID();
  const ref = { org: ORG, member: OWNER, contact };
  await claimIn(0, contact);
  const { heldByOthers } = await claimIn(1, contact);
  const claimAgain = () => processes[1]!.store.claim(ref, [], ['notes'], heldByOthers);
  const message = `=${heldByOthers[0]!.token} in another format`;
  await server.cli('set', leaseKey(ref, 'notes'), message, 'px', '500');
  const again = await claimAgain();
  expect(again.heldByOthers).toMatchObject([{ parts: ['notes'] }]);
  await expect(again.heldByOthers[0]!.completed(NEVER)).resolves.toBeUndefined();
  await waitFor('the lease', async () => (await claimAgain()).heldByOthers.length === 0);
});

test('a claim after a failure gets the lease', async () => {
  const contact = randomUUID();
  const owned = await claimIn(0, contact);
  await claimIn(1, contact);
  await owned.fail(new AppError('UPSTREAM_TIMEOUT'));
  expect((await claimIn(1, contact)).heldByOthers).toEqual([]);
});

test('renews the lease until the call ends', async () => {
  const contact = randomUUID();
  const owned = await claimIn(0, contact);
  await claimIn(1, contact);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await claimIn(1, contact)).heldByOthers).toHaveLength(1);
  await owned.store([]);
});
