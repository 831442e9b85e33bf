import { redisEvents, type Fleet, type Member } from './fleet.ts';
import type { Json } from './http.ts';
import { waitFor } from './wait-for.ts';

export const WENT = 'Redis does not answer: going on without it';
export const CAME_BACK = 'Redis answers again';
export const REFUSES = 'Redis refuses commands';
export const TAKES_AGAIN = 'Redis takes commands again';

export interface Outage {
  readonly begin: () => Promise<unknown> | void;
  readonly end: () => Promise<unknown> | void;
  /** What readiness says, in the end: the reason can become clearer with time. */
  readonly reason: RegExp;
  readonly component?: string;
  /** What the log says while it begins and ends, and nothing else. */
  readonly events?: readonly string[];
  /** What POST /invalidations answers meanwhile. */
  readonly invalidation: number;
}

/**
 * Redis may cost a request no more than REDIS_TIMEOUT_MS. The quickest of several requests shows that on a busy machine, too. The
 * one that finds out about the outage is alone: it has to be quicker than the connection's own limit of 3 s.
 */
const FIRST_MOST_MS = 2500;
const LATER_EXTRA_MS = 150;

/** Drives one process through an outage of Redis, requests flowing, and checks everything that is promised. */
export async function expectThrough(fleet: Fleet, member: Member, outage: Outage): Promise<void> {
  await healthy(member);
  await waitFor('the log', () => ![WENT, REFUSES].includes(redisEvents(member).at(-1) ?? ''));
  const before = redisEvents(member).length;
  const usual = await quickestCold(fleet, member);
  await outage.begin();
  let id: string;
  try {
    id = await expectWithoutRedis(fleet, member, outage, usual);
  } finally {
    await outage.end();
  }
  await healthy(member);
  expect((await member.invalidate(id)).status).toBe(204);
  await usesRedis(fleet, member);
  const expected = outage.events ?? [WENT, CAME_BACK];
  await waitFor('the log', () => redisEvents(member).length - before >= expected.length);
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
  const later = await quickestCold(fleet, member);
  expect(first).toBeLessThan(FIRST_MOST_MS);
  expect(later).toBeLessThan(usualMs + LATER_EXTRA_MS);
  await waitFor('readiness to say why', async () => {
    const { httpStatus, status, reasons } = await member.readyz();
    const [reason] = reasons as Json[];
    return (
      httpStatus === 200 &&
      status === 'degraded' &&
      reason?.component === (outage.component ?? 'redis') &&
      outage.reason.test(reason.detail as string)
    );
  });
  await sharesCalls(fleet, member);
  const id = fleet.freshContact();
  expect((await member.invalidate(id)).status).toBe(outage.invalidation);
  expect((await member.get(`/contacts/${id}?include=notes`)).status).toBe(200);
  return id;
}

export function healthy(member: Member): Promise<unknown> {
  return waitFor('readiness', async () => (await member.readyz()).status === 'ready');
}

/** Redis or none, a call that is under way is joined. */
async function sharesCalls(fleet: Fleet, member: Member): Promise<void> {
  const id = fleet.freshContact();
  fleet.gate.hold(id);
  const path = `/contacts/${id}?include=notes`;
  const leader = member.get(path);
  await fleet.sandbox.awaitCalls(id, 1);
  const followers = Array.from({ length: 10 }, () => member.get(path));
  await fleet.takenIn([member]);
  fleet.gate.release();
  const answers = await Promise.all([leader, ...followers]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(await fleet.sandbox.callsFor(id)).toHaveLength(1);
}

/** A part is found again once its process has stored it. */
async function usesRedis(fleet: Fleet, member: Member): Promise<void> {
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

async function quickestCold(fleet: Fleet, member: Member): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) times.push(await coldMs(fleet, member));
  return Math.min(...times);
}
