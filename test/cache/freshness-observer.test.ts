import { randomUUID } from 'node:crypto';
import { freshnessObserver } from '../../src/cache/freshness-observer.ts';
import { generationKey } from '../../src/cache/part-key.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { standalone } from '../support/redis/standalone.ts';
import { ORG, OWNER } from '../support/sandbox-servers.ts';
import { waitFor } from '../support/wait-for.ts';

/** Two processes that exchange messages at once, on a clock of their own. */
function setUp(sample = 1) {
  const clock = fakeClock();
  const channels = new Map<string, (message: string) => void>();
  const counted = { violations: 0, seconds: [] as number[] };
  /** The entries of the other process. */
  const held = { birth: undefined as number | undefined, generation: undefined as string | undefined };
  const redis = {
    script:
      () =>
      async (_keys: unknown, [channel, message]: readonly unknown[]) =>
        channels.get(String(channel))?.(String(message)),
    subscribe: (channel: string, listener: (message: string) => void) => void channels.set(channel, listener),
  };
  const open = (processId: string, other: string) =>
    freshnessObserver({
      redis,
      read: async () => ({ generation: held.generation, entries: {} }),
      invalidations: { processId, others: () => [other] },
      oldestBirth: () => held.birth,
      sample,
      metrics: {
        freshnessViolation: () => (counted.violations += 1),
        freshnessPropagation: (seconds) => counted.seconds.push(seconds),
      },
      now: clock.now,
      setTimer: clock.setTimer,
      random: () => 0,
      randomId: randomUUID,
    });
  const observedBy = open('one', 'two');
  open('two', 'one');
  /** Invalidates the contact, which takes 5 ms. */
  async function invalidate(whenDone: () => void): Promise<void> {
    const run = observedBy(async () => {
      await new Promise<void>((resolve) => void clock.setTimer(5, resolve));
      whenDone();
    });
    const invalidated = run('o', 'c');
    await clock.advance(5);
    await invalidated;
    await clock.advance(0);
  }
  return { clock, counted, held, invalidate };
}

test('measures the time until another process has no older data, and counts no violation', async () => {
  const { clock, counted, held, invalidate } = setUp();
  await clock.advance(1000);
  Object.assign(held, { birth: 990, generation: 'old' });
  await invalidate(() => Object.assign(held, { birth: 1002, generation: 'new' }));
  await clock.advance(120_000);
  expect(counted).toEqual({ violations: 0, seconds: [0.005] });
});

test('counts older data in the near cache of another process once, and measures until it is gone', async () => {
  const { clock, counted, held, invalidate } = setUp();
  await clock.advance(1000);
  Object.assign(held, { birth: 990, generation: 'old' });
  await invalidate(() => Object.assign(held, { generation: undefined }));
  await clock.advance(300);
  held.birth = undefined;
  await clock.advance(120_000);
  expect(counted).toEqual({ violations: 1, seconds: [0.405] });
});

test('counts an invalidation that is undone later', async () => {
  const { clock, counted, held, invalidate } = setUp();
  held.generation = 'old';
  await invalidate(() => (held.generation = undefined));
  await clock.advance(5000);
  expect(counted.violations).toBe(0);
  held.generation = 'old';
  await clock.advance(10_000);
  expect(counted.violations).toBe(1);
});

test('observes nothing when it is off', async () => {
  const { clock, counted, held, invalidate } = setUp(0);
  held.generation = 'old';
  await invalidate(() => {});
  await clock.advance(120_000);
  expect(counted).toEqual({ violations: 0, seconds: [] });
});

describe('with Redis', () => {
  const group = standalone(2);

  test('probes another process through Redis, and finds a generation that has come back', async () => {
    const counted = { violations: 0, seconds: [] as number[] };
    const [observe] = group.processes.map(({ redis, remote, invalidations }) =>
      freshnessObserver({
        redis,
        read: remote.read,
        invalidations,
        oldestBirth: () => undefined,
        sample: 1,
        metrics: {
          freshnessViolation: () => (counted.violations += 1),
          freshnessPropagation: (seconds) => counted.seconds.push(seconds),
        },
        now: () => performance.now(),
        setTimer: (ms, run) => {
          const timer = setTimeout(run, ms).unref();
          return () => clearTimeout(timer);
        },
        random: Math.random,
        randomId: randomUUID,
      }),
    );
    const { store, invalidations } = group.processes[0]!;
    await waitFor('the processes to know each other', () => invalidations.others().length > 0);
    const contact = randomUUID();
    const key = generationKey(ORG, contact);
    const invalidate = observe!((org, id) => store.invalidate(org, id));
    await (await store.claim({ org: ORG, member: OWNER, contact }, [], ['notes'])).store([]);
    const stamp = await group.server.cli('get', key);
    await invalidate(ORG, contact);
    await waitFor('the delay', () => counted.seconds.length === 1);
    expect(counted.violations).toBe(0);
    await group.server.cli('set', key, stamp, 'px', '60000');
    await waitFor('the violation', () => counted.violations === 1);
  });
});

test('observes at most 100 invalidations at a time, those that are still being carried out included', async () => {
  const clock = fakeClock();
  let reads = 0;
  const observedBy = freshnessObserver({
    redis: { script: () => async () => {}, subscribe: () => {} },
    read: async () => {
      reads += 1;
      return { generation: undefined, entries: {} };
    },
    invalidations: { processId: 'one', others: () => [] },
    oldestBirth: () => undefined,
    sample: 1,
    metrics: { freshnessViolation: () => {}, freshnessPropagation: () => {} },
    now: clock.now,
    setTimer: clock.setTimer,
    random: () => 0,
    randomId: randomUUID,
  });
  const { promise, reject } = Promise.withResolvers<void>();
  const invalidate = observedBy(() => promise);
  const all = Array.from({ length: 150 }, () => invalidate('o', 'c').catch(() => {}));
  expect(reads).toBe(100);
  reject(new Error('refused'));
  await Promise.all(all);
  void invalidate('o', 'c').catch(() => {});
  expect(reads).toBe(101);
});
