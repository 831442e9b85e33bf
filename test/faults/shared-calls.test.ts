import type { Answer } from '../support/http.ts';
import { startFleet, type Fleet } from '../support/fleet.ts';
import { expectProblem } from '../support/problem.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';

let redis: RedisServer;
let fleet: Fleet;
beforeAll(async () => {
  redis = await startRedis();
  fleet = await startFleet(3, { REDIS_URL: redis.url });
});
afterAll(async () => {
  await fleet?.stop();
  await redis?.stop();
});
afterEach(() => {
  fleet.gate.release();
  return fleet.sandbox.clearFaults();
});

const CROWD = 40;
/** A lease of 1 s that has ended ends the wait, not the 60 s that an upstream call may take here. */
const LEASE_ENDED_MS = 20_000;

/** So many requests to each of the processes, all at once. */
function crowds(path: string, members = fleet.members): Promise<Answer>[] {
  return members.flatMap((member) => Array.from({ length: CROWD }, () => member.get(path)));
}

/** Answers to requests that have all arrived before the upstream responds. */
async function answersAtOnce(contactId: string, ask: () => Promise<Answer>[]): Promise<Answer[]> {
  fleet.gate.hold(contactId);
  const answers = ask();
  await fleet.takenIn();
  fleet.gate.release();
  return Promise.all(answers);
}

const statuses = (answers: readonly Answer[]): number[] => [
  ...new Set(answers.map((answer) => answer.status)),
];

describe('one upstream call for the callers of three processes', () => {
  test('of one cold contact, and none afterwards', async () => {
    const id = fleet.freshContact();
    const path = `/contacts/${id}?include=notes,entity`;
    const answers = await answersAtOnce(id, () => crowds(path));
    expect(answers).toHaveLength(3 * CROWD);
    expect(statuses(answers)).toEqual([200]);
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    for (const member of fleet.members)
      expect((await member.get(path)).headers['cache-status']).toMatch(/; hit;/);
    expect(await fleet.sandbox.callsFor(id)).toHaveLength(1);
  });

  test('where their include sets overlap, no part is asked for twice', async () => {
    const id = fleet.freshContact();
    const [one, two, three] = fleet.members;
    const answers = await answersAtOnce(id, () => [
      one!.get(`/contacts/${id}?include=notes,entity`),
      two!.get(`/contacts/${id}?include=entity,profile`),
      three!.get(`/contacts/${id}?include=profile,signals,notes`),
    ]);
    expect(statuses(answers)).toEqual([200]);
    expect(answers.map((answer) => Object.keys(answer.json().data).toSorted())).toEqual([
      ['contact', 'entity', 'notes'],
      ['contact', 'entity', 'profile'],
      ['contact', 'notes', 'profile', 'signals'],
    ]);
    const asked = (await fleet.sandbox.callsFor(id)).flatMap((call) => call.include);
    expect(asked.toSorted()).toEqual(['entity', 'notes', 'profile', 'signals']);
  });

  test.each([
    ['error:INVALID_API_KEY', 502, 'UPSTREAM_CREDENTIALS_REJECTED'],
    ['error:NOT_FOUND', 404, 'CONTACT_NOT_FOUND'],
    ['html', 502, 'UPSTREAM_BAD_RESPONSE'],
    ['http-500', 503, 'UPSTREAM_UNAVAILABLE'],
  ])('that fails with %s: it fails for everybody, with no herd behind it', async (mode, status, code) => {
    const id = fleet.freshContact();
    await fleet.sandbox.setFaults({ mode, contactId: id });
    const answers = await answersAtOnce(id, () => crowds(`/contacts/${id}?include=notes`));
    for (const answer of answers) expectProblem(answer, status, code);
    // An answer that may be better next time is asked for once more, by whoever asked first.
    const attempts = mode.startsWith('error:') ? 1 : 2;
    expect((await fleet.sandbox.callsFor(id)).length).toBeLessThanOrEqual(attempts);
  });

  test('whose first caller hangs up: the others do not notice', async () => {
    const id = fleet.freshContact();
    fleet.gate.hold(id);
    const path = `/contacts/${id}?include=signals`;
    const leader = new AbortController();
    const left = fleet.members[0]!.get(path, { signal: leader.signal }).catch(() => 'gone');
    await fleet.sandbox.awaitCalls(id, 1);
    const others = crowds(path, fleet.members.slice(1));
    await fleet.takenIn(fleet.members.slice(1));
    leader.abort();
    expect(await left).toBe('gone');
    fleet.gate.release();
    expect(statuses(await Promise.all(others))).toEqual([200]);
    expect((await fleet.sandbox.callsFor(id)).length).toBeLessThanOrEqual(2);
  });

  test('whose process dies by SIGKILL: every caller of the others is answered', async () => {
    const id = fleet.freshContact();
    fleet.gate.hold(id);
    const path = `/contacts/${id}?include=notes`;
    const leader = await fleet.add();
    const left = leader.get(path).catch(() => 'gone');
    await fleet.sandbox.awaitCalls(id, 1);
    const survivors = fleet.members.slice(0, 3);
    const others = crowds(path, survivors);
    await fleet.takenIn(survivors);
    leader.program.signal('SIGKILL');
    fleet.gate.release();
    const answers = await Promise.all(others);
    expect(await left).toBe('gone');
    expect(statuses(answers)).toEqual([200]);
    expect(Math.max(...answers.map((answer) => answer.ms))).toBeLessThan(LEASE_ENDED_MS);
    // The dead leader's, and one after its lease has ended.
    expect(await fleet.sandbox.callsFor(id)).toHaveLength(2);
  });
});
