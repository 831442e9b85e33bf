import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startFleet, type Fleet, type Member } from '../support/fleet.ts';
import { startHammered, TOPOLOGIES, type Topology } from './hammered-redis.ts';

/**
 * `npm run bench:hammer -- --topology sentinel --replicas 2 --reads 250000 --failovers 200` reads, changes and
 * invalidates contacts through several programs, while their Redis fails over and is killed, stopped and cut off,
 * and programs are killed. Prints the number of acknowledged invalidations that a later read contradicts, and the
 * time of the acknowledgements.
 */
const { values } = parseArgs({
  options: {
    topology: { type: 'string', default: 'standalone' },
    replicas: { type: 'string', default: '1' },
    reads: { type: 'string', default: '20000' },
    failovers: { type: 'string', default: '0' },
    processes: { type: 'string', default: '3' },
    calm: { type: 'string', default: '20' },
  },
});
const topology = values.topology as Topology;
if (!TOPOLOGIES.includes(topology)) throw new Error(`--topology is one of ${TOPOLOGIES.join(', ')}`);
const [READS, FAILOVERS, PROCESSES, CALM_S] = [
  values.reads,
  values.failovers,
  values.processes,
  values.calm,
].map(Number) as [number, number, number, number];
const NEAR_TTL_MS = 1000;
const WRITERS = 4;
const READERS = 12;
const CONTACTS_PER_WRITER = 10;
/** Mean pause of each reader: 12 readers make up to 40 requests/s. */
const CALM_PAUSE_MS = 300;
const INCLUDES = ['', '?include=notes', '?include=entity,signals'];
/** The share of faults that end a program. */
const PROGRAM_KILLED = 0.1;

interface Acknowledged {
  readonly version: number;
  readonly by: Member;
  readonly at: number;
  isUndone: boolean;
}

interface Contact {
  readonly id: string;
  version: number;
  readonly acknowledged: Acknowledged[];
}

type Counts = Record<string, number>;
const count = (counts: Counts, name: string): void => void (counts[name] = (counts[name] ?? 0) + 1);
const oneOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;
const codeOf = (error: { code?: unknown }): string => String(error.code);

const redis = await startHammered(topology, Number(values.replicas));
const fleet: Fleet = await startFleet(PROCESSES, {
  ...redis.env,
  REDIS_TIMEOUT_MS: '80',
  UPSTREAM_TIMEOUT_MS: '5000',
  CACHE_L1_TTL_MS: String(NEAR_TTL_MS),
  RATE_LIMIT_TIERS: JSON.stringify({ default: { limit: 100_000_000, windowS: 60 } }),
}).catch(async (error: unknown) => {
  await redis.stop();
  throw error;
});
const alive = [...fleet.members];
const contacts: Contact[] = Array.from({ length: WRITERS * CONTACTS_PER_WRITER }, () => {
  return { id: fleet.freshContact(), version: 0, acknowledged: [] };
});
/** Invalidations by status, reads by status and code if it is not 200, and faults by name. */
const [statuses, failures, faults]: [Counts, Counts, Counts] = [{}, {}, {}];
const violations: string[] = [];
const [calmMs, disturbedMs]: [number[], number[]] = [[], []];
let reads = 0;
let hits = 0;
const state = { isCalm: true, isOver: false };
const isDone = (): boolean => reads >= READS && (faults['failover'] ?? 0) >= FAILOVERS;

/** Reads a contact, and marks the acknowledged invalidation that the response contradicts. */
async function read(contact: Contact): Promise<void> {
  const member = oneOf(alive);
  const begun = performance.now();
  const least = contact.acknowledged.findLast(({ at, by }) => at + (by === member ? 0 : NEAR_TTL_MS) < begun);
  const answer = await member.get(`/contacts/${contact.id}${oneOf(INCLUDES)}`).catch(codeOf);
  if (typeof answer === 'string') {
    // A program that is killed does not respond.
    if (alive.includes(member)) count(failures, answer);
    return;
  }
  reads += 1;
  if (answer.status !== 200) return count(failures, `${answer.status} ${answer.json().code}`);
  const cacheStatus = String(answer.headers['cache-status']);
  if (cacheStatus.includes('; hit')) hits += 1;
  // Before the first version, the contact has the city that the sandbox generated.
  const shown = Number(/^v(\d+)$/.exec(answer.json().data.contact.city)?.[1] ?? 0);
  if (!least || shown >= least.version) return;
  least.isUndone = true;
  violations.push(`${shown} after ${least.version}, ${begun - least.at} ms later: ${cacheStatus}`);
}

/** Changes a cached contact, invalidates it, and reads it in the process that has acknowledged. */
async function change(contact: Contact): Promise<void> {
  contact.version += 1;
  await fleet.sandbox.patchContact(contact.id, { contact: { contact_city: `v${contact.version}` } });
  const by = oneOf(alive);
  const wasCalm = state.isCalm;
  const begun = performance.now();
  const answer = await by.invalidate(contact.id).catch(codeOf);
  const at = performance.now();
  count(statuses, typeof answer === 'string' ? answer : String(answer.status));
  if (typeof answer === 'string' || answer.status !== 204) return;
  (wasCalm && state.isCalm ? calmMs : disturbedMs).push(at - begun);
  contact.acknowledged.push({ version: contact.version, by, at, isUndone: false });
  await read(contact);
}

async function killProgram(): Promise<void> {
  const victim = alive.shift()!;
  victim.program.signal('SIGKILL');
  await victim.program.exited;
  alive.push(await fleet.add());
}

async function disturb(): Promise<void> {
  const names = Object.keys(redis.faults);
  let at = 0;
  for (let progress = 0; !isDone(); progress += 1) {
    // Each failover is followed by one of the other faults, which are taken in turns.
    const isFailover = FAILOVERS > 0 && progress % 2 === 0;
    const name = isFailover ? 'failover' : names[(at += 1) % names.length]!;
    if (Math.random() < PROGRAM_KILLED) {
      count(faults, 'program killed');
      await killProgram();
    }
    await redis.faults[name]!();
    count(faults, name);
    await sleep(300 + Math.random() * 700);
    if (progress % 20 === 0) process.stderr.write(`${reads} reads, ${JSON.stringify(faults)}\n`);
  }
}

function timesOf(ms: readonly number[]) {
  const sorted = ms.toSorted((one, other) => one - other);
  const quantile = (fraction: number) =>
    Number(sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))]?.toFixed(1));
  return { count: ms.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: quantile(1) };
}

try {
  const started = performance.now();
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    // One writer per contact, so that its versions are ordered.
    const own = contacts.filter((_contact, index) => index % WRITERS === writer);
    for (; !state.isOver; await sleep(Math.random() * (state.isCalm ? 400 : 100))) await change(oneOf(own));
  });
  const readers = Array.from({ length: READERS }, async () => {
    while (!state.isOver) {
      await read(oneOf(contacts));
      // With all well, acknowledgements are measured, so the processes are not at their limit.
      if (state.isCalm) await sleep(Math.random() * 2 * CALM_PAUSE_MS);
    }
  });
  const load = Promise.all([...writers, ...readers]);
  await sleep(CALM_S * 1000);
  state.isCalm = false;
  await Promise.race([disturb(), load]);
  // An undone invalidation may show late.
  await sleep(CALM_S * 1000);
  state.isOver = true;
  await load;
  const acknowledged = contacts.flatMap((contact) => contact.acknowledged);
  const result = {
    topology,
    ...(topology === 'sentinel' && { replicas: Number(values.replicas) }),
    processes: PROCESSES,
    seconds: Math.round((performance.now() - started) / 1000),
    reads,
    hits,
    acknowledged: acknowledged.length,
    undone: acknowledged.filter(({ isUndone }) => isUndone).length,
    violations: violations.slice(0, 10),
    statuses,
    failures,
    faults,
    acknowledgements: { allWell: timesOf(calmMs), withFaults: timesOf(disturbedMs) },
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  process.exitCode = violations.length > 0 ? 1 : 0;
} finally {
  state.isOver = true;
  await fleet.stop();
  await redis.stop();
}
