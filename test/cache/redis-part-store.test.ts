import { randomUUID } from 'node:crypto';
import type { FetchLease } from '../../src/cache/part-store.ts';
import { AppError } from '../../src/errors.ts';
import { openStore, type OpenedStore } from '../support/redis/open-store.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { ORG, OWNER } from '../support/sandbox-servers.ts';

/** Well under the time after which whoever waits looks by itself. */
const WOKEN_MS = 150;
const PATIENT = new AbortController().signal;
let server: RedisServer;
let processes: OpenedStore[];
beforeAll(async () => {
  server = await startRedis();
  const settings = { mode: 'standalone', nodes: [{ host: '127.0.0.1', port: server.port }] } as const;
  processes = await Promise.all([openStore(settings), openStore(settings)]);
});
afterAll(async () => {
  for (const opened of processes) opened.close();
  await server.stop();
});

const claimIn = (which: number, contact: string): Promise<FetchLease> =>
  processes[which]!.store.claim({ org: ORG, member: OWNER, contact }, [], ['notes']);
/** The failure of the call that a claimant waits for. It looks again as often as the message is late. */
async function failureOf(contact: string, claim: FetchLease): Promise<unknown> {
  for (let { heldByOthers: elsewhere } = claim; elsewhere.length > 0;) {
    const failure: unknown = await elsewhere[0]!.completed(PATIENT).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure !== undefined) return failure;
    const ref = { org: ORG, member: OWNER, contact };
    ({ heldByOthers: elsewhere } = await processes[1]!.store.claim(ref, [], ['notes'], elsewhere));
  }
  throw new Error('the lease was free');
}
const leases = async (): Promise<string> => server.cli('keys', '*:lease');
const published = async (): Promise<number> => {
  const stats = await server.cli('info', 'commandstats');
  return Number(/^cmdstat_publish:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
};

test('a call that nobody else has claimed ends without a word', async () => {
  const before = await published();
  const claim = await claimIn(0, randomUUID());
  expect(await leases()).not.toBe('');
  await claim.store([]);
  expect(await leases()).toBe('');
  expect(await published()).toBe(before);
});

test('those who wait are woken when it ends, and its lease is gone', async () => {
  const times: number[] = [];
  // The quickest of them shows that a message woke them, on a busy machine, too.
  for (let round = 0; round < 5; round += 1) {
    const contact = randomUUID();
    const mine = await claimIn(0, contact);
    const [theirs, again] = [await claimIn(1, contact), await claimIn(1, contact)];
    expect(theirs.heldByOthers).toMatchObject([{ parts: ['notes'] }]);
    const waiting = [theirs, again].map((claim) => claim.heldByOthers[0]!.completed(PATIENT));
    const endedAt = performance.now();
    await mine.store([]);
    await Promise.all(waiting);
    times.push(performance.now() - endedAt);
    expect(await leases()).toBe('');
  }
  expect(Math.min(...times)).toBeLessThan(WOKEN_MS);
});

test('its failure is theirs, also where its lease was lost', async () => {
  const contact = randomUUID();
  const mine = await claimIn(0, contact);
  const theirs = await claimIn(1, contact);
  await server.cli('del', await leases());
  await mine.fail(new AppError('UPSTREAM_TIMEOUT'));
  await expect(failureOf(contact, theirs)).resolves.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
});

test('a claimant that looks again before the message of a failure fails, and makes no call of its own', async () => {
  const contact = randomUUID();
  const ref = { org: ORG, member: OWNER, contact };
  const mine = await claimIn(0, contact);
  const { heldByOthers: elsewhere } = await claimIn(1, contact);
  await mine.fail(new AppError('UPSTREAM_CREDENTIALS_REJECTED'));
  // The first who looks takes no lease, so that neither does the second.
  for (let round = 0; round < 2; round += 1) {
    const again = await processes[1]!.store.claim(ref, [], ['notes'], elsewhere);
    await expect(again.heldByOthers[0]!.completed(PATIENT)).rejects.toMatchObject({
      code: 'UPSTREAM_CREDENTIALS_REJECTED',
    });
  }
});

test('a claimant that comes after a failure makes a call of its own', async () => {
  const contact = randomUUID();
  const mine = await claimIn(0, contact);
  await claimIn(1, contact);
  await mine.fail(new AppError('UPSTREAM_TIMEOUT'));
  expect((await claimIn(1, contact)).heldByOthers).toEqual([]);
});

test('its lease is kept for as long as it takes, whoever waits', async () => {
  const contact = randomUUID();
  const mine = await claimIn(0, contact);
  await claimIn(1, contact);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await claimIn(1, contact)).heldByOthers).toHaveLength(1);
  await mine.store([]);
});
