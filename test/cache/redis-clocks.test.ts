import { setTimeout as sleep } from 'node:timers/promises';
import { leaseKey, partKey } from '../../src/cache/part-key.ts';
import type { Entry } from '../../src/cache/part-store.ts';
import { RedisUnavailable } from '../../src/redis/redis-unavailable.ts';
import { createStore, type OpenedStore } from '../support/redis/create-store.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { ORG, OWNER } from '../support/sandbox-servers.ts';
import { stamped, UNSTAMPED } from '../support/stamped.ts';
import { waitFor } from '../support/wait-for.ts';

const HOUR_MS = 3_600_000;
const FRESH_MS = 60_000;
const KEEP_MS = 90_000;
const CLOCKS = [() => performance.now(), () => performance.now() + HOUR_MS] as const;

let server: RedisServer;
let processes: OpenedStore[];
beforeAll(async () => {
  server = await startRedis();
  const settings = { mode: 'standalone', nodes: [{ host: '127.0.0.1', port: server.port }] } as const;
  processes = await Promise.all(CLOCKS.map((now) => createStore(settings, { now })));
});
afterAll(async () => {
  for (const opened of processes) opened.close();
  await server.stop();
});

const freshRef = () => ({ org: ORG, member: OWNER, contact: crypto.randomUUID() });
type Ref = ReturnType<typeof freshRef>;
const entryAt = (now: number, bytes: Entry['bytes']): Entry => ({
  bytes,
  contentHash: '',
  fetchedAt: now - 1000,
  staleAt: now + FRESH_MS,
  ...UNSTAMPED,
});
/** Repeats an operation while a busy machine keeps Redis from responding in time. */
async function retryWhileUnavailable<T>(operation: () => Promise<T>): Promise<T> {
  const done = await waitFor('Redis to answer', async () => {
    try {
      return { result: await operation() };
    } catch (error) {
      if (error instanceof RedisUnavailable) return undefined;
      throw error;
    }
  });
  return done.result;
}
const storeIn = (
  which: number,
  ref: Ref,
  bytes: Entry['bytes'] = Buffer.from('{}'),
): Promise<boolean | undefined> =>
  retryWhileUnavailable(async () => {
    const claim = (await processes[which]!.remote.claim(ref, [], []))!;
    const entry = entryAt(CLOCKS[which]!(), bytes);
    return claim.settle(stamped(claim, [{ part: 'contact', entry, retentionMs: KEEP_MS }]));
  });
const readIn = (which: number, ref: Ref): Promise<Entry | undefined> =>
  retryWhileUnavailable(async () => (await processes[which]!.remote.read(ref, ['contact'])).entries.contact);
const claimIn = (which: number, ref: Ref): Promise<Entry | undefined> =>
  retryWhileUnavailable(
    async () => (await processes[which]!.remote.claim(ref, ['contact'], []))!.entries.contact,
  );

describe.each([
  ['a process whose clock is an hour ahead of the writer', 0, 1],
  ['a process whose clock is an hour behind the writer', 1, 0],
])('%s', (_name, writer, reader) => {
  test.each<[string, Entry['bytes']]>([
    ['a part', Buffer.from('{}')],
    ['a not-found', 'not-found'],
  ])('reads %s with its remaining time', async (_what, bytes) => {
    const ref = freshRef();
    const storedAt = performance.now();
    await storeIn(writer, ref, bytes);
    for (const read of [readIn, claimIn]) {
      const found = (await read(reader, ref))!;
      const now = CLOCKS[reader]!();
      expect(found.staleAt - now).toBeLessThanOrEqual(FRESH_MS);
      expect(found.staleAt - now).toBeGreaterThan(FRESH_MS - 2 * (performance.now() - storedAt) - 10);
      expect(now - found.fetchedAt).toBeGreaterThanOrEqual(1000);
      // The time of the reply, since which nothing can have been born.
      expect(found.bornBefore).toBeGreaterThanOrEqual(found.fetchedAt + 1000);
      expect(found.bornBefore).toBeLessThanOrEqual(now);
      expect(now - found.fetchedAt).toBeLessThan(1000 + 2 * (performance.now() - storedAt) + 10);
    }
  });
});

/** Adds an hour to the time to live of a key, as a server clock set back by an hour does. */
async function addAnHour(key: string): Promise<void> {
  await server.cli('pexpire', key, String(Number(await server.cli('pttl', key)) + HOUR_MS));
}

describe('when the clock of Redis is set back', () => {
  test('treats an entry with a longer time to live than stored as a miss, and can store it again', async () => {
    const ref = freshRef();
    await storeIn(0, ref);
    await addAnHour(partKey(ref, 'contact'));
    expect(await readIn(0, ref)).toBeUndefined();
    expect(await claimIn(0, ref)).toBeUndefined();
    await storeIn(0, ref);
    expect(await readIn(0, ref)).toBeDefined();
  });

  test('treats an entry without a time to live as a miss', async () => {
    const ref = freshRef();
    await storeIn(0, ref);
    await server.cli('persist', partKey(ref, 'contact'));
    expect(await readIn(0, ref)).toBeUndefined();
  });

  test('takes over the lease of a dead process', async () => {
    const ref = freshRef();
    const { remote } = processes[0]!;
    const { generation } = (await retryWhileUnavailable(() => remote.claim(ref, [], [])))!;
    const lease = leaseKey(ref, 'contact');
    await server.cli('set', lease, `${generation}:dead`, 'px', '1000');
    await addAnHour(lease);
    const claim = (await retryWhileUnavailable(() => remote.claim(ref, [], ['contact'])))!;
    expect(claim.heldByOthers).toEqual([]);
    await retryWhileUnavailable(() => claim.settle([]));
  });
});

test('keeps the age of an entry that a suspended server stores late', async () => {
  const ref = freshRef();
  // The lease has to outlive the suspension, because only a known claim is stored. Its renewal would shorten it.
  const nodes = [{ host: '127.0.0.1', port: server.port }];
  const opened = await createStore({ mode: 'standalone', nodes }, { setTimer: () => () => {} });
  const { remote } = opened;
  const claim = (await retryWhileUnavailable(() => remote.claim(ref, [], [])))!;
  const entry = entryAt(CLOCKS[0](), Buffer.from('{}'));
  await server.cli('pexpire', await server.cli('keys', `*${ref.contact}*:lease`), String(HOUR_MS));
  server.signal('SIGSTOP');
  const settled = claim.settle(stamped(claim, [{ part: 'contact', entry, retentionMs: KEEP_MS }]));
  await expect(settled).rejects.toThrow('Redis is not available');
  await sleep(700);
  server.signal('SIGCONT');
  await waitFor('the entry', async () => (await server.cli('exists', partKey(ref, 'contact'))) === '1');
  const found = (await readIn(0, ref))!;
  opened.close();
  expect(found.staleAt).toBeLessThanOrEqual(entry.staleAt + 100);
});
