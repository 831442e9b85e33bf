import { setTimeout as sleep } from 'node:timers/promises';
import { contactLock, type ContactLockOptions } from '../../src/cache/contact-lock.ts';
import { randomId } from '../../src/cache/random-id.ts';
import { standalone } from '../support/redis/standalone.ts';

const redis = standalone(2);

const LEASE_MS = 60_000;

function lockOf(connection: ContactLockOptions['redis'], settings: Partial<ContactLockOptions> = {}) {
  return contactLock({
    redis: connection,
    leaseMs: LEASE_MS,
    waitMs: 30_000,
    monotonicNow: () => performance.now(),
    sleep: (ms) => sleep(ms),
    randomId,
    ...settings,
  });
}

/** Returns work that fails if other work runs at the same time. */
function exclusiveWork() {
  const seen = { running: 0, done: 0 };
  const work = async () => {
    expect(++seen.running).toBe(1);
    await sleep(2);
    seen.running--;
    seen.done++;
  };
  return { seen, work };
}

test('runs the work of one contact one at a time, in this process and between processes', async () => {
  const locks = redis.processes.map((process) => lockOf(process.redis));
  const { seen, work } = exclusiveWork();
  await Promise.all(Array.from({ length: 20 }, (_, i) => locks[i % 2]!('org', 'one', work)));
  expect(seen.done).toBe(20);
});

test('without Redis, it is a queue in this process', async () => {
  const lock = lockOf(undefined);
  const { seen, work } = exclusiveWork();
  await Promise.all(Array.from({ length: 5 }, () => lock('org', 'two', work)));
  expect(seen.done).toBe(5);
});

test('work of another contact does not wait', async () => {
  const lock = lockOf(redis.processes[0]!.redis);
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = lock('org', 'three', () => promise);
  expect(await lock('org', 'four', async () => 'ran')).toBe('ran');
  resolve();
  await held;
});

test('work that fails frees the contact at once', async () => {
  const lock = lockOf(redis.processes[0]!.redis);
  await expect(lock('org', 'five', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(await redis.server.cli('exists', 'zbff:lock:{org:five}')).toBe('0');
  expect(await lock('org', 'five', async () => 'ran')).toBe('ran');
});

test('a process that has died holds the contact for the lease, and others are refused after their wait', async () => {
  const key = 'zbff:lock:{org:six}';
  await redis.server.cli('set', key, 'dead', 'px', String(LEASE_MS));
  let ran = false;
  const impatient = lockOf(redis.processes[0]!.redis, { waitMs: 50 });
  await expect(impatient('org', 'six', async () => void (ran = true))).rejects.toMatchObject({
    code: 'OVERLOADED',
    details: { outcome: 'none' },
  });
  expect(ran).toBe(false);
  expect(await redis.server.cli('get', key)).toBe('dead');
  const patient = lockOf(redis.processes[1]!.redis)('org', 'six', async () => 'ran');
  await redis.server.cli('pexpire', key, '1');
  expect(await patient).toBe('ran');
});

test('work that outlasts its lease does not free the contact of the next one', async () => {
  const key = 'zbff:lock:{org:seven}';
  await lockOf(redis.processes[0]!.redis)(
    'org',
    'seven',
    async () => void (await redis.server.cli('set', key, 'next')),
  );
  expect(await redis.server.cli('get', key)).toBe('next');
});

test('a failing Redis is CACHE_UNAVAILABLE, and a lock that may have been taken is freed', async () => {
  const keys: string[] = [];
  const failing: ContactLockOptions['redis'] = {
    longTimeoutScript:
      (script) =>
      async ([key]) => {
        if (script.includes('SET')) throw new Error('timed out');
        return keys.push(key);
      },
  };
  let ran = false;
  await expect(lockOf(failing)('org', 'eight', async () => void (ran = true))).rejects.toMatchObject({
    code: 'CACHE_UNAVAILABLE',
    details: { outcome: 'none' },
  });
  expect(keys).toEqual(['zbff:lock:{org:eight}']);
  expect(ran).toBe(false);
});

test('a request behind work that hangs is refused after its wait, and does not overtake it', async () => {
  const lock = lockOf(undefined, { waitMs: 20 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = lock('org', 'nine', () => promise);
  const order: string[] = [];
  await expect(lock('org', 'nine', async () => order.push('refused'))).rejects.toMatchObject({
    code: 'OVERLOADED',
  });
  const patient = lock('org', 'nine', async () => order.push('next'));
  resolve();
  await Promise.all([held, patient]);
  expect(order).toEqual(['next']);
});
