import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startFleet, type Fleet } from '../support/fleet.ts';
import { startSentinels } from '../support/redis/redis-sentinel.ts';

/**
 * `npm run bench:failovers -- --failovers 200 --replicas 2` runs programs on a Sentinel master that fails over
 * again and again, while contacts are changed, invalidated and read. Prints the number of acknowledged
 * invalidations that a later read contradicts, and the time of the acknowledgements.
 */
const { values } = parseArgs({
  options: {
    failovers: { type: 'string', default: '10' },
    replicas: { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
  },
});
const [FAILOVERS, REPLICAS, PROCESSES] = [values.failovers, values.replicas, values.processes].map(
  Number,
) as [number, number, number];
const NEAR_TTL_MS = 1000;
const WRITERS = 4;
const READERS = 4;
const CONTACTS_PER_WRITER = 10;
/** Time without a failover, before the first and after the last one. An undone invalidation may show late. */
const CALM_MS = 20_000;

interface Acknowledged {
  readonly version: number;
  readonly process: number;
  readonly at: number;
  isUndone: boolean;
}

interface Contact {
  readonly id: string;
  version: number;
  readonly acknowledged: Acknowledged[];
}

interface Tally {
  reads: number;
  hits: number;
  /** Invalidations by status, or by the code of a failed connection. */
  readonly statuses: Record<string, number>;
  /** Reads by status and code if it is not 200, or by the code of a failed connection. */
  readonly failures: Record<string, number>;
  readonly calmMs: number[];
  readonly failoverMs: number[];
}

const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)]!;
const count = (counts: Record<string, number>, name: string): void =>
  void (counts[name] = (counts[name] ?? 0) + 1);
const codeOf = (error: { code?: unknown }): string => String(error.code);
const processes = Array.from({ length: PROCESSES }, (_, index) => index);

/** Reads a contact, and marks the acknowledged invalidations that the response contradicts. */
async function read(fleet: Fleet, contact: Contact, process: number, tally: Tally): Promise<void> {
  const begun = performance.now();
  const binding = contact.acknowledged.filter(
    (one) => one.at + (one.process === process ? 0 : NEAR_TTL_MS) < begun,
  );
  const answer = await fleet.members[process]!.get(`/contacts/${contact.id}`).catch(codeOf);
  tally.reads += 1;
  if (typeof answer === 'string') return count(tally.failures, answer);
  if (answer.status !== 200) return count(tally.failures, `${answer.status} ${answer.json().code}`);
  if (/; hit/.test(String(answer.headers['cache-status']))) tally.hits += 1;
  // Before the first version, the contact has the city that the sandbox generated.
  const shown = Number(/^v(\d+)$/.exec(answer.json().data.contact.city)?.[1] ?? 0);
  for (const one of binding) if (one.version > shown) one.isUndone = true;
}

/** Changes a cached contact and invalidates it. */
async function invalidate(fleet: Fleet, contact: Contact, tally: Tally, isCalm: () => boolean) {
  await read(fleet, contact, pick(processes), tally);
  contact.version += 1;
  await fleet.sandbox.patchContact(contact.id, { contact: { contact_city: `v${contact.version}` } });
  const process = pick(processes);
  const wasCalm = isCalm();
  const begun = performance.now();
  const answer = await fleet.members[process]!.invalidate(contact.id).catch(codeOf);
  const at = performance.now();
  const status = typeof answer === 'string' ? answer : String(answer.status);
  count(tally.statuses, status);
  if (status !== '204') return;
  (wasCalm && isCalm() ? tally.calmMs : tally.failoverMs).push(at - begun);
  contact.acknowledged.push({ version: contact.version, process, at, isUndone: false });
  await read(fleet, contact, process, tally);
}

function quantile(values: readonly number[], fraction: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
  return value === undefined ? undefined : Math.round(value * 10) / 10;
}

async function main(): Promise<void> {
  const sentinels = await startSentinels(undefined, REPLICAS);
  const fleet = await startFleet(PROCESSES, {
    REDIS_MODE: 'sentinel',
    REDIS_NODES: sentinels.addresses,
    REDIS_SENTINEL_NAME: sentinels.name,
    REDIS_TIMEOUT_MS: '80',
    UPSTREAM_TIMEOUT_MS: '5000',
    CACHE_L1_TTL_MS: String(NEAR_TTL_MS),
    RATE_LIMIT_TIERS: JSON.stringify({ default: { limit: 1_000_000, windowS: 60 } }),
  });
  const tally: Tally = { reads: 0, hits: 0, statuses: {}, failures: {}, calmMs: [], failoverMs: [] };
  const state = { isCalm: true, isOver: false };
  const contacts: Contact[] = Array.from({ length: WRITERS * CONTACTS_PER_WRITER }, () => {
    return { id: fleet.freshContact(), version: 0, acknowledged: [] };
  });
  try {
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      // One writer per contact, so that its versions are ordered.
      const own = contacts.filter((_contact, index) => index % WRITERS === writer);
      while (!state.isOver) {
        await invalidate(fleet, pick(own), tally, () => state.isCalm);
        await sleep(Math.random() * 100);
      }
    });
    const readers = Array.from({ length: READERS }, async () => {
      while (!state.isOver) {
        await read(fleet, pick(contacts), pick(processes), tally);
        await sleep(Math.random() * 20);
      }
    });
    const load = Promise.all([...writers, ...readers]);
    await sleep(CALM_MS);
    state.isCalm = false;
    const begun = performance.now();
    for (let failover = 1; failover <= FAILOVERS; failover += 1) {
      await sentinels.failOver();
      await sleep(1000);
      if (failover % 20 === 0) process.stderr.write(`${failover} failovers\n`);
    }
    const seconds = Math.round((performance.now() - begun) / 1000);
    await sleep(CALM_MS);
    state.isOver = true;
    await load;
    const acknowledged = contacts.flatMap((contact) => contact.acknowledged);
    const undone = acknowledged.filter(({ isUndone }) => isUndone).length;
    const { calmMs, failoverMs, ...counts } = tally;
    const times = (ms: readonly number[]) => {
      return {
        count: ms.length,
        p50Ms: quantile(ms, 0.5),
        p99Ms: quantile(ms, 0.99),
        maxMs: quantile(ms, 1),
      };
    };
    const result = {
      failovers: FAILOVERS,
      replicas: REPLICAS,
      processes: PROCESSES,
      seconds,
      acknowledged: acknowledged.length,
      undone,
      ...counts,
      acknowledgements: { beforeTheFailovers: times(calmMs), throughTheFailovers: times(failoverMs) },
    };
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    process.exitCode = undone > 0 ? 1 : 0;
  } finally {
    state.isOver = true;
    await fleet.stop();
    await sentinels.stop();
  }
}

await main();
