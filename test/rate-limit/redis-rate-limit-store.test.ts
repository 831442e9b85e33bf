import { randomUUID } from 'node:crypto';
import { takeMany } from '../contract/rate-limit-store.ts';
import type { RateLimitStore, Tier } from '../../src/rate-limit/rate-limit-store.ts';
import { redisRateLimitStore, type OnStoreFailure } from '../../src/rate-limit/redis-rate-limit-store.ts';
import { createStore, type OpenedStore } from '../support/redis/create-store.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const settingsOf = ({ port }: RedisServer) =>
  ({ mode: 'standalone', nodes: [{ host: '127.0.0.1', port }] }) as const;

let server: RedisServer;
let processes: OpenedStore[];
beforeEach(async () => {
  server = await startRedis();
  const settings = settingsOf(server);
  processes = await Promise.all([createStore(settings), createStore(settings), createStore(settings)]);
});
afterEach(async () => {
  for (const opened of processes) opened.close();
  await server.stop();
});

const open = (onFailure: OnStoreFailure = 'local') =>
  processes.map(({ redis }) => redisRateLimitStore({ redis, onFailure, now: () => performance.now() }));
const tier = (limit: number, windowMs = 60_000): Tier => ({ name: 'test', limit, windowMs });

async function allowedOf(store: RateLimitStore, key: string, count: number, of: Tier): Promise<number> {
  const results = await takeMany(store, key, count, of);
  return results.filter(({ allowed }) => allowed).length;
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

async function down(opened: readonly OpenedStore[]): Promise<void> {
  await waitFor('Redis to be noticed as down', () =>
    opened.every(({ health }) => health.report().reasons.length > 0),
  );
}
async function up(opened: readonly OpenedStore[]): Promise<void> {
  await waitFor('Redis to be back', () => opened.every(({ health }) => health.report().reasons.length === 0));
}

describe('redisRateLimitStore in several processes', () => {
  test.each([50, 1000, 6000])('allows a shared limit of %d, and at least 95 %% of it', async (limit) => {
    const key = randomUUID();
    // Closed, so that nothing is allowed uncounted if Redis is slow.
    const stores = open('closed');
    let allowed = 0;
    for (let round = 0; round < 8; round += 1) {
      allowed += sum(await Promise.all(stores.map((one) => allowedOf(one, key, limit / 5, tier(limit)))));
    }
    expect(allowed).toBeLessThanOrEqual(limit);
    expect(allowed).toBeGreaterThanOrEqual(limit * 0.95);
  });

  test('withholds less than 5 %% of the limit from the others when a process becomes idle', async () => {
    const [first, second] = open();
    const key = randomUUID();
    const used = await allowedOf(first!, key, 1, tier(1000));
    let allowed = 0;
    for (let round = 0; round < 20; round += 1) allowed += await allowedOf(second!, key, 100, tier(1000));
    expect(used + allowed).toBeGreaterThan(950);
    expect(used + allowed).toBeLessThanOrEqual(1000);
  });

  test('a cost of 0 reports the quota that another process consumed', async () => {
    const [first, second] = open();
    const key = randomUUID();
    await second!.consume(key, 3, tier(50));
    expect(await first!.consume(key, 0, tier(50))).toMatchObject({ used: 3, counted: true });
    await second!.consume(key, 4, tier(50));
    expect(await first!.consume(key, 0, tier(50))).toMatchObject({ used: 7, counted: true });
  });

  test('grants prefetched quota without a query to Redis', async () => {
    const [first] = open('closed');
    const key = randomUUID();
    await first!.consume(key, 1, tier(1000));
    // A query would make it a promise.
    for (let used = 2; used <= 10; used += 1)
      expect(first!.consume(key, 1, tier(1000))).toMatchObject({ allowed: true, used });
    expect(first!.consume(key, 1, tier(1000))).toBeInstanceOf(Promise);
  });

  test('returns unused prefetched quota', async () => {
    const [first] = open();
    const key = randomUUID();
    await first!.consume(key, 1, tier(1000));
    await waitFor('the rest to be returned', async () => (await server.cli('hget', key, 'since')) === '1');
    expect((await first!.consume(key, 1, tier(1000))).used).toBe(2);
  });
});

test('a window begins with a count of 0, although the hash of the last one still exists', async () => {
  const [first, second] = open();
  const key = randomUUID();
  expect(await allowedOf(first!, key, 20, tier(10))).toBe(10);
  expect(await allowedOf(second!, key, 1, tier(10))).toBe(0);
  // As in its last millisecond, the hash does not have a time to live.
  await server.cli('persist', key);
  const [fresh] = open();
  expect(await allowedOf(fresh!, key, 20, tier(10))).toBe(10);
});

/** Returns the number of script calls that Redis has executed. */
const calls = async () => {
  const stats = await server.cli('info', 'commandstats');
  return sum([...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].map(([, count]) => Number(count)));
};

test('batches concurrent requests into a few script calls', async () => {
  const [first] = open();
  const key = randomUUID();
  await first!.consume(key, 1, tier(10_000));
  const before = await calls();
  await allowedOf(first!, key, 1000, tier(10_000));
  expect(before).toBeGreaterThan(0);
  // A busy machine spreads the requests over more turns of the event loop.
  expect((await calls()) - before).toBeLessThanOrEqual(20);
});

test('rejects a caller over its limit without a query to Redis', async () => {
  const [first] = open();
  const key = randomUUID();
  await allowedOf(first!, key, 20, tier(10));
  // A query would make it a promise.
  expect(first!.consume(key, 1, tier(10))).toMatchObject({ allowed: false, counted: true });
});

describe('redisRateLimitStore while Redis fails', () => {
  test('local continues from the last known count', async () => {
    const [first, second] = open('local');
    const key = randomUUID();
    expect(await allowedOf(first!, key, 30, tier(50))).toBe(30);
    await server.kill();
    expect(await allowedOf(first!, key, 100, tier(50))).toBe(20);
    expect(await allowedOf(second!, randomUUID(), 100, tier(50))).toBe(50);
  });

  test('local reports its count afterwards, even if Redis has lost its own', async () => {
    const [first, second, third] = open('local');
    const key = randomUUID();
    expect(await allowedOf(first!, key, 10, tier(50))).toBe(10);
    await second!.consume(key, 1, tier(50));
    await server.kill();
    expect(await allowedOf(first!, key, 10, tier(50))).toBe(10);
    expect(await allowedOf(second!, key, 10, tier(50))).toBe(10);
    await down(processes.slice(0, 2));
    await server.restart();
    await up(processes);
    await first!.consume(key, 1, tier(50));
    await second!.consume(key, 1, tier(50));
    const rest = await allowedOf(third!, key, 100, tier(50));
    expect(10 + 1 + 10 + 10 + 2 + rest).toBeLessThanOrEqual(50);
    expect(rest).toBeGreaterThan(0);
  });

  test('open allows requests that it cannot count and marks them as uncounted', async () => {
    const [first] = open('open');
    const key = randomUUID();
    await server.kill();
    const results = await takeMany(first!, key, 20, tier(10));
    expect(results.filter(({ allowed }) => allowed)).toHaveLength(20);
    expect(results.filter(({ counted }) => !counted)).toHaveLength(10);
  });

  test('closed rejects every request with a short retry time', async () => {
    const [first] = open('closed');
    await server.kill();
    const result = await first!.consume(randomUUID(), 1, tier(10));
    expect(result).toMatchObject({ allowed: false, counted: false });
    expect(result.resetMs).toBeLessThanOrEqual(1000);
  });

  test.each<[OnStoreFailure, boolean, boolean]>([
    ['local', true, true],
    ['open', true, true],
    ['closed', false, false],
  ])(
    '%s decides about prefetched quota, which is neither lost nor counted twice',
    async (policy, allowed, counted) => {
      const [first] = open(policy);
      const [key, limit] = [randomUUID(), tier(1000)];
      // Prefetches 9.
      await first!.consume(key, 1, limit);
      await server.kill();
      await down(processes.slice(0, 1));
      for (const result of await takeMany(first!, key, 5, limit))
        expect(result).toMatchObject({ allowed, counted });
      await server.restart();
      await up(processes);
      const granted = 1 + (allowed ? 5 : 0);
      expect((await first!.consume(key, 1, limit)).used).toBe(granted + 1);
      await waitFor('the rest to be returned', async () => {
        const stored = (await server.cli('hmget', key, 'before', 'since')).split('\n').map(Number);
        return sum(stored) === granted + 1;
      });
    },
  );

  test('closed rejects a caller who has used up the limit as it rejects every other one', async () => {
    const [first] = open('closed');
    const key = randomUUID();
    await allowedOf(first!, key, 20, tier(10));
    await server.kill();
    await down(processes.slice(0, 1));
    expect(await first!.consume(key, 1, tier(10))).toMatchObject({ allowed: false, counted: false });
  });

  test('closed does not grant prefetched quota while Redis refuses commands', async () => {
    const [first] = open('closed');
    const key = randomUUID();
    await first!.consume(key, 1, tier(1000));
    await server.cli('config', 'set', 'maxmemory', '1');
    await first!.consume(randomUUID(), 1, tier(1000));
    expect(await first!.consume(key, 1, tier(1000))).toMatchObject({ allowed: false, counted: false });
  });

  test('a server that hangs delays requests only briefly, and counts again when it responds', async () => {
    const impatient = await createStore(settingsOf(server), { timeoutMs: 500 });
    processes.push(impatient);
    const first = redisRateLimitStore({
      redis: impatient.redis,
      onFailure: 'local',
      now: () => performance.now(),
    });
    const key = randomUUID();
    await first.consume(key, 1, tier(10));
    server.signal('SIGSTOP');
    const begun = performance.now();
    expect(await allowedOf(first, key, 20, tier(10))).toBe(9);
    // Less than the time after which an unresponsive connection is closed.
    expect(performance.now() - begun).toBeLessThan(3000);
    server.signal('SIGCONT');
    await up(processes);
    expect((await first.consume(key, 1, tier(10))).allowed).toBe(false);
  });
});
