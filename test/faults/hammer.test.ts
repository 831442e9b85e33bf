import { setTimeout as sleep } from 'node:timers/promises';
import { startFleet, type Fleet } from '../support/fleet.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';

/** Duration of the load, in seconds. */
const SECONDS = Number(process.env['HAMMER_SECONDS'] ?? 15);
const NEAR_TTL_MS = 500;
const PROCESSES = 3;
const READERS = 6;
const CONTACTS = 6;
const INCLUDES = ['', '?include=notes', '?include=entity,signals', '?include=notes,entity,profile,signals'];

let redis: RedisServer;
let fleet: Fleet;
beforeAll(async () => {
  redis = await startRedis();
  // Short TTLs, so that background refreshes and stale responses occur.
  const shortLived = Object.fromEntries(
    ['CONTACT', 'NOTES', 'ENTITY', 'PROFILE', 'SIGNALS'].map((part) => [`CACHE_TTL_${part}_S`, '1']),
  );
  fleet = await startFleet(PROCESSES, {
    REDIS_URL: redis.url,
    CACHE_L1_TTL_MS: String(NEAR_TTL_MS),
    UPSTREAM_TIMEOUT_MS: '600',
    REDIS_TIMEOUT_MS: '80',
    ...shortLived,
  });
});
afterAll(async () => {
  await fleet?.stop();
  await redis?.stop();
});

interface Acknowledged {
  readonly version: number;
  readonly process: number;
  readonly at: number;
}

const pick = (size: number): number => Math.floor(Math.random() * size);

/** Redis outages under load. Each of them ends with a healthy Redis. */
const OUTAGES: readonly (() => Promise<unknown>)[] = [
  () => redis.cli('client', 'kill', 'type', 'pubsub'),
  () => redis.cli('client', 'kill', 'type', 'normal').catch(() => {}),
  () => redis.restart(),
  async () => {
    redis.signal('SIGSTOP');
    await sleep(400);
    redis.signal('SIGCONT');
  },
];

async function hammer(ms: number, outages: readonly (() => Promise<unknown>)[]) {
  const over = performance.now() + ms;
  const contacts = Array.from({ length: CONTACTS }, () => {
    return { id: fleet.freshContact(), acknowledged: [] as Acknowledged[] };
  });
  const seen = {
    reads: 0,
    hits: 0,
    stale: 0,
    invalidations: 0,
    refused: 0,
    failures: new Map<string, number>(),
  };
  const violations: string[] = [];
  // The result is meaningful only if each kind of event occurred often enough.
  const running = (): boolean =>
    performance.now() < over ||
    seen.reads < 5 * SECONDS ||
    seen.hits < SECONDS / 2 ||
    seen.stale === 0 ||
    seen.invalidations < SECONDS / 2;

  async function write({ id, acknowledged }: (typeof contacts)[number]): Promise<void> {
    for (let version = 1; running(); version += 1) {
      await fleet.sandbox.patchContact(id, { contact: { contact_city: `v${version}` } });
      const process = pick(PROCESSES);
      const answer = await fleet.members[process]!.invalidate(id);
      if (answer.status === 204) {
        acknowledged.push({ version, process, at: performance.now() });
        seen.invalidations += 1;
      } else {
        expect([answer.status, answer.json().code]).toEqual([503, 'CACHE_UNAVAILABLE']);
        seen.refused += 1;
      }
      // Sends bursts, with pauses in which entries become stale.
      await sleep(pick(3) > 0 ? pick(100) : pick(4000));
    }
  }

  async function read(process: number): Promise<void> {
    while (running()) {
      const { id, acknowledged } = contacts[pick(CONTACTS)]!;
      const cancellation = pick(10) === 0 ? { signal: AbortSignal.timeout(1 + pick(60)) } : {};
      const begun = performance.now();
      const known = acknowledged.filter(
        (one) => one.at + (one.process === process ? 0 : NEAR_TTL_MS) < begun,
      );
      const answer = await fleet.members[process]!.get(
        `/contacts/${id}${INCLUDES[pick(INCLUDES.length)]}`,
        cancellation,
      ).catch((error: unknown) => {
        if (!cancellation.signal) throw error;
      });
      if (!answer) continue;
      seen.reads += 1;
      if (answer.status !== 200) {
        const what = `${answer.status} ${answer.json().code}`;
        seen.failures.set(what, (seen.failures.get(what) ?? 0) + 1);
        continue;
      }
      const how = String(answer.headers['cache-status']);
      if (how.includes('detail=stale')) seen.stale += 1;
      else if (how.includes('; hit')) seen.hits += 1;
      const version = Number(String(answer.json().data.contact.city).replace(/^v/, ''));
      const least = Math.max(0, ...known.map((one) => one.version));
      // Before the first version, the contact has the city that the sandbox generated.
      if (!(version >= least) && least > 0)
        violations.push(`process ${process} served ${version} after ${least}: ${how}`);
    }
  }

  async function disturb(): Promise<void> {
    while (outages.length > 0 && running()) {
      await sleep(500 + pick(1000));
      await outages[pick(outages.length)]!();
    }
  }

  await Promise.all([
    disturb(),
    ...contacts.map(write),
    ...fleet.members.flatMap((_member, process) => Array.from({ length: READERS }, () => read(process))),
  ]);
  return { ...seen, violations };
}

const NAMED = new Set(['503 UPSTREAM_UNAVAILABLE', '504 UPSTREAM_TIMEOUT', '502 UPSTREAM_BAD_RESPONSE']);

test.each([
  ['while Redis is healthy', () => []],
  ['while Redis is disconnected, hung and restarted', () => OUTAGES],
])('never serves a version older than an acknowledged invalidation %s', async (_state, outages) => {
  await fleet.sandbox.setFaults({ delayMs: 10, jitterMs: 200, mode: 'http-500', rate: 0.05 });
  const result = await hammer((SECONDS * 1000) / 2, outages());
  expect(result.violations).toEqual([]);
  expect([...result.failures.keys()].filter((failure) => !NAMED.has(failure))).toEqual([]);
});
