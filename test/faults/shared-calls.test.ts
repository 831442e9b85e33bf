import type { TestResponse } from '../support/http.ts';
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
/** The wait ends when the lease of 1 s expires, before the upstream timeout of 60 s. */
const LEASE_ENDED_MS = 20_000;

/** Sends `CROWD` requests to each process in parallel. */
function crowds(path: string, members = fleet.members): Promise<TestResponse>[] {
  return members.flatMap((member) => Array.from({ length: CROWD }, () => member.get(path)));
}

/** Returns the responses to requests that have all arrived before the upstream responds. */
async function answersAtOnce(
  contactId: string,
  send: () => Promise<TestResponse>[],
): Promise<TestResponse[]> {
  fleet.gate.hold(contactId);
  const answers = send();
  await fleet.awaitForwarded();
  fleet.gate.release();
  return Promise.all(answers);
}

const statuses = (answers: readonly TestResponse[]): number[] => [
  ...new Set(answers.map((answer) => answer.status)),
];

describe('an upstream call shared by the callers of three processes', () => {
  test('is made once for a cold contact, and not repeated afterwards', async () => {
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

  test('requests no part twice when their include sets overlap', async () => {
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
    const requested = (await fleet.sandbox.callsFor(id)).flatMap((call) => call.include);
    expect(requested.toSorted()).toEqual(['entity', 'notes', 'profile', 'signals']);
  });

  test.each([
    ['error:INVALID_API_KEY', 502, 'UPSTREAM_CREDENTIALS_REJECTED'],
    ['error:NOT_FOUND', 404, 'CONTACT_NOT_FOUND'],
    ['html', 502, 'UPSTREAM_BAD_RESPONSE'],
    ['http-500', 503, 'UPSTREAM_UNAVAILABLE'],
  ])(
    'fails for all callers when the upstream fails with %s, without a retry storm',
    async (mode, status, code) => {
      const id = fleet.freshContact();
      await fleet.sandbox.setFaults({ mode, contactId: id });
      const answers = await answersAtOnce(id, () => crowds(`/contacts/${id}?include=notes`));
      for (const answer of answers) expectProblem(answer, status, code);
      // Only the first caller retries, once, and only if the failure is transient.
      const attempts = mode.startsWith('error:') ? 1 : 2;
      expect((await fleet.sandbox.callsFor(id)).length).toBeLessThanOrEqual(attempts);
    },
  );

  test('serves the other callers when the first caller disconnects', async () => {
    const id = fleet.freshContact();
    fleet.gate.hold(id);
    const path = `/contacts/${id}?include=signals`;
    const leader = new AbortController();
    const left = fleet.members[0]!.get(path, { signal: leader.signal }).catch(() => 'disconnected');
    await fleet.sandbox.awaitCalls(id, 1);
    const others = crowds(path, fleet.members.slice(1));
    await fleet.awaitForwarded(fleet.members.slice(1));
    leader.abort();
    expect(await left).toBe('disconnected');
    fleet.gate.release();
    expect(statuses(await Promise.all(others))).toEqual([200]);
    // One call of each process at most: a busy machine can delay one until its lease of 1 s has ended.
    expect((await fleet.sandbox.callsFor(id)).length).toBeLessThanOrEqual(fleet.members.length);
  });

  test('serves the callers of the other processes when its process dies by SIGKILL', async () => {
    const id = fleet.freshContact();
    fleet.gate.hold(id);
    const path = `/contacts/${id}?include=notes`;
    const leader = await fleet.add();
    const left = leader.get(path).catch(() => 'disconnected');
    await fleet.sandbox.awaitCalls(id, 1);
    const survivors = fleet.members.slice(0, 3);
    const others = crowds(path, survivors);
    await fleet.awaitForwarded(survivors);
    leader.program.signal('SIGKILL');
    fleet.gate.release();
    const answers = await Promise.all(others);
    expect(await left).toBe('disconnected');
    expect(statuses(answers)).toEqual([200]);
    expect(Math.max(...answers.map((answer) => answer.ms))).toBeLessThan(LEASE_ENDED_MS);
    // One call of the killed process, and one after its lease has expired.
    expect(await fleet.sandbox.callsFor(id)).toHaveLength(2);
  });
});
