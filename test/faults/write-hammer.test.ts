import { setTimeout as sleep } from 'node:timers/promises';
import { startFleet, type Fleet, type Member } from '../support/fleet.ts';
import type { TestResponse } from '../support/http.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';

/** Duration of the load, in seconds. */
const SECONDS = Number(process.env['HAMMER_SECONDS'] ?? 10);
const NEAR_TTL_MS = 500;
const UPSTREAM_TIMEOUT_MS = 600;
/** The upstream may carry out a write this long after the call, when the process has given it up. */
const LATE_MS = UPSTREAM_TIMEOUT_MS + 3000;
const PROCESSES = 3;
const CONTACTS = 5;
const INCLUDES = ['', '?include=notes', '?include=entity,profile'];

let redis: RedisServer;
let fleet: Fleet;
let alive: Member[];
beforeAll(async () => {
  redis = await startRedis();
  fleet = await startFleet(PROCESSES, {
    REDIS_URL: redis.url,
    CACHE_L1_TTL_MS: String(NEAR_TTL_MS),
    UPSTREAM_TIMEOUT_MS: String(UPSTREAM_TIMEOUT_MS),
    WRITE_UNCERTAIN_S: '6',
    REDIS_TIMEOUT_MS: '80',
    RATE_LIMIT_TIERS: '{"default":{"limit":1000000,"windowS":60}}',
  });
  alive = [...fleet.members];
});
afterAll(async () => {
  await fleet?.stop();
  await redis?.stop();
});

/** The least version that a read shows if it begins after `at`, or later in another process. */
interface Written {
  readonly version: number;
  readonly at: number;
  /** Undefined if no process has acknowledged it. */
  readonly by: Member | undefined;
}

interface Contact {
  readonly id: string;
  readonly token: string;
  readonly written: Written[];
}

const oneOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;

async function ownedContact(): Promise<Contact> {
  const id = fleet.freshContact();
  const { owner } = (await alive[0]!.get(`/contacts/${id}`)).json().data.contact;
  return { id, token: fleet.token(owner, { scope: 'contacts:read contacts:write' }), written: [] };
}

/** Changes the contact, and records the version as soon as it is certain that readers have to see it. */
async function write({ id, token, written }: Contact, version: number): Promise<string> {
  const member = oneOf(alive);
  const answer: TestResponse | undefined = await member
    .get(`/contacts/${id}`, {
      token,
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ contact: { city: `v${version}` } }),
    })
    .catch((error: unknown) => {
      if (alive.includes(member)) throw error;
      return undefined;
    });
  if (answer?.status === 204) {
    written.push({ version, at: performance.now(), by: member });
    return 'acknowledged';
  }
  if (answer?.json().outcome === 'none') return 'refused';
  await sleep(LATE_MS);
  const calls = (await fleet.sandbox.callsFor(id)).filter(({ operation }) => operation === 'updateFieldData');
  const isDone = calls.filter(({ carriedOut }) => carriedOut).length > written.length;
  // A call that began before the write took effect may be shared until then.
  if (isDone) written.push({ version, at: performance.now() + UPSTREAM_TIMEOUT_MS, by: undefined });
  return answer ? 'unknown' : 'process killed';
}

async function read({ id, written }: Contact): Promise<string | undefined> {
  const member = oneOf(alive);
  const begun = performance.now();
  const least = written.findLast(({ at, by }) => at + (by === member ? 0 : NEAR_TTL_MS) < begun);
  const answer = await member.get(`/contacts/${id}${oneOf(INCLUDES)}`).catch((error: unknown) => {
    if (alive.includes(member)) throw error;
  });
  if (answer?.status !== 200 || !least) return undefined;
  const version = Number(String(answer.json().data.contact.city).replace(/^v/, ''));
  if (version >= least.version) return undefined;
  return `${version} after ${least.version}, ${begun - least.at} ms later: ${String(answer.headers['cache-status'])}`;
}

/** Kills a process amid its writes, and starts another one. */
async function killOne(): Promise<void> {
  const victim = alive.shift()!;
  victim.program.signal('SIGKILL');
  await victim.program.exited;
  alive.push(await fleet.add());
}

/** Makes the next write time out, and be carried out later. */
function delayOne(): Promise<void> {
  const late = { mode: 'silent', phase: 'during', commitDelayMs: LATE_MS - 200, calls: 1 } as const;
  return fleet.sandbox.setOperationFaults('updateFieldData', late);
}

const DISTURBANCES = [
  delayOne,
  killOne,
  () => redis.cli('client', 'kill', 'type', 'pubsub'),
  async () => {
    redis.signal('SIGSTOP');
    await sleep(300);
    redis.signal('SIGCONT');
  },
];

test('no read is older than a write, late writes and writes of killed processes included', async () => {
  await fleet.sandbox.setFaults({ delayMs: 5, jitterMs: 60 });
  const contacts = await Promise.all(Array.from({ length: CONTACTS }, ownedContact));
  const outcomes = new Map<string, number>();
  const violations: string[] = [];
  let reads = 0;
  const over = performance.now() + SECONDS * 1000;
  // The result is meaningful only if each kind of event occurred.
  const running = () =>
    performance.now() < over ||
    reads < 10 * SECONDS ||
    !['acknowledged', 'unknown', 'process killed'].every((outcome) => outcomes.has(outcome));
  const writing = async (contact: Contact) => {
    for (let version = 1; running(); version += 1) {
      const outcome = await write(contact, version);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  const reading = async (contact: Contact) => {
    for (; running(); reads += 1) {
      const violation = await read(contact);
      if (violation !== undefined) violations.push(violation);
      await sleep(Math.random() * 20);
    }
  };
  const disturbing = async () => {
    for (let i = 0; running(); i += 1) {
      await sleep(500 + Math.random() * 1000);
      await DISTURBANCES[i % DISTURBANCES.length]!();
    }
  };
  await Promise.all([disturbing(), ...contacts.flatMap((one) => [writing(one), reading(one), reading(one)])]);
  expect(violations).toEqual([]);
});
