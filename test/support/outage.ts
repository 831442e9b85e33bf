import { redisEvents, type Fleet, type Member } from './fleet.ts';
import { exchange, type Json } from './http.ts';
import { waitFor } from './wait-for.ts';

export const REDIS_DOWN = 'redis unreachable, continuing without it';
export const REDIS_UP = 'redis reachable again';
export const COMMANDS_REJECTED = 'redis rejects commands';
export const COMMANDS_ACCEPTED = 'redis accepts commands again';
export const SUBSCRIPTION_REJECTED =
  'redis rejects the subscription, invalidations and revocations arrive late';
export const SUBSCRIPTION_ACCEPTED = 'redis accepts the subscription again';

export interface Outage {
  readonly begin: () => Promise<unknown> | void;
  readonly end: () => Promise<unknown> | void;
  /** Matches the final reason in readiness, which can become more specific with time. */
  readonly reason: RegExp;
  readonly component?: string;
  /** All log messages about Redis between the begin and the end of the outage. */
  readonly events?: readonly string[];
  /** Status of POST /invalidations during the outage. */
  readonly invalidation: number;
  /** The metric `redis_up` during the outage; 0 if undefined. */
  readonly redisUp?: number;
}

/**
 * Redis may delay a request by at most REDIS_TIMEOUT_MS. The fastest of several requests shows that even on a
 * busy machine. Only the first request detects the outage, and must be faster than the connect timeout of 3 s.
 */
const FIRST_MOST_MS = 2500;
const LATER_EXTRA_MS = 150;

/** Takes one process through a Redis outage under requests, and checks readiness, latency and log lines. */
export async function expectOutageHandled(fleet: Fleet, member: Member, outage: Outage): Promise<void> {
  await healthy(member);
  await waitFor(
    'the recovery log line',
    () => ![REDIS_DOWN, COMMANDS_REJECTED].includes(redisEvents(member).at(-1) ?? ''),
  );
  const before = redisEvents(member).length;
  const usual = await fastestColdMs(fleet, member);
  await outage.begin();
  let id: string;
  try {
    id = await expectWithoutRedis(fleet, member, outage, usual);
  } finally {
    await outage.end();
  }
  await healthy(member);
  expect((await member.invalidate(id)).status).toBe(204);
  await expectRedisInUse(fleet, member);
  const expected = outage.events ?? [REDIS_DOWN, REDIS_UP];
  await waitFor('the log lines of the outage', () => redisEvents(member).length - before >= expected.length);
  expect(redisEvents(member).slice(before)).toEqual(expected);
}

/** Returns a contact that was read during the outage. */
async function expectWithoutRedis(
  fleet: Fleet,
  member: Member,
  outage: Outage,
  usualMs: number,
): Promise<string> {
  const first = await coldMs(fleet, member);
  const later = await fastestColdMs(fleet, member);
  expect(first).toBeLessThan(FIRST_MOST_MS);
  expect(later).toBeLessThan(usualMs + LATER_EXTRA_MS);
  await waitFor('readiness to report the reason', async () => {
    const { httpStatus, status, reasons } = await member.readyz();
    const [reason] = reasons as Json[];
    return (
      httpStatus === 200 &&
      status === 'degraded' &&
      reason?.component === (outage.component ?? 'redis') &&
      outage.reason.test(reason.detail as string)
    );
  });
  const { text } = await exchange(`${member.program.adminUrl}/metrics`);
  expect(text).toContain(`zyntro_bff_redis_up ${outage.redisUp ?? 0}`);
  await expectSharedCalls(fleet, member);
  const id = fleet.freshContact();
  expect((await member.invalidate(id)).status).toBe(outage.invalidation);
  expect((await member.get(`/contacts/${id}?include=notes`)).status).toBe(200);
  return id;
}

export function healthy(member: Member): Promise<unknown> {
  return waitFor('readiness', async () => (await member.readyz()).status === 'ready');
}

/** Expects callers to share an upstream call in flight. */
async function expectSharedCalls(fleet: Fleet, member: Member): Promise<void> {
  const id = fleet.freshContact();
  fleet.gate.hold(id);
  const path = `/contacts/${id}?include=notes`;
  const leader = member.get(path);
  await fleet.sandbox.awaitCalls(id, 1);
  const followers = Array.from({ length: 10 }, () => member.get(path));
  await fleet.awaitForwarded([member]);
  fleet.gate.release();
  const answers = await Promise.all([leader, ...followers]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(await fleet.sandbox.callsFor(id)).toHaveLength(1);
}

/** Expects a hit after the process has stored the part. */
async function expectRedisInUse(fleet: Fleet, member: Member): Promise<void> {
  const id = fleet.freshContact();
  await member.get(`/contacts/${id}`);
  const again = await member.get(`/contacts/${id}`);
  expect(again.headers['cache-status']).toMatch(/; hit;/);
}

async function coldMs(fleet: Fleet, member: Member): Promise<number> {
  const answer = await member.get(`/contacts/${fleet.freshContact()}?include=notes,entity`);
  expect(answer.status).toBe(200);
  return answer.ms;
}

async function fastestColdMs(fleet: Fleet, member: Member): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) times.push(await coldMs(fleet, member));
  return Math.min(...times);
}
