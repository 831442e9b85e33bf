import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { expectProblem } from '../support/problem.ts';

let world: World;
beforeAll(async () => void (world = await startWorld({ UPSTREAM_TIMEOUT_MS: '1500' })));
afterAll(() => world?.stop());
afterEach(() => world.sandbox.clearFaults());

const crowd = (path: string, size: number) =>
  Promise.all(Array.from({ length: size }, () => world.get(path)));

/** What was sent before this has reached the program once it has answered these, one after another. */
async function roundTrips(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await world.get('/healthz');
}

describe('one upstream call for many callers', () => {
  test('a follower is answered when the first caller hangs up', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ delayMs: 600, contactId: id });
    const leader = new AbortController();
    const left = world.get(`/contacts/${id}?include=notes`, { signal: leader.signal }).catch(() => 'gone');
    await world.sandbox.awaitCalls(id, 1);
    const followers = crowd(`/contacts/${id}?include=notes`, 5);
    await roundTrips(5);
    leader.abort();
    expect(await left).toBe('gone');
    expect((await followers).map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });

  test('a caller that comes after the first one hung up is answered, too', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ delayMs: 400, contactId: id });
    const leader = new AbortController();
    const left = world.get(`/contacts/${id}`, { signal: leader.signal }).catch(() => 'gone');
    await world.sandbox.awaitCalls(id, 1);
    leader.abort();
    await left;
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
    expect((await world.sandbox.callsFor(id)).length).toBeLessThanOrEqual(2);
  });

  test.each([
    ['error:IP_NOT_WHITELISTED', 502, 'UPSTREAM_EGRESS_REJECTED'],
    ['error:INVALID_API_KEY', 502, 'UPSTREAM_CREDENTIALS_REJECTED'],
    ['html', 502, 'UPSTREAM_BAD_RESPONSE'],
    ['error:NOT_FOUND', 404, 'CONTACT_NOT_FOUND'],
  ])('a call that fails with %s fails for all who wait, once', async (mode, status, code) => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ mode, delayMs: 400, contactId: id });
    const answers = await crowd(`/contacts/${id}?include=entity`, 50);
    for (const answer of answers) expectProblem(answer, status, code);
    expect(new Set(answers.map((answer) => answer.json().requestId)).size).toBe(50);
    const attempts = mode === 'html' ? 2 : 1;
    expect((await world.sandbox.callsFor(id)).length).toBeLessThanOrEqual(attempts);
  });

  test('a call that times out does so for all, without a herd behind it', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ mode: 'silent', contactId: id });
    const answers = await crowd(`/contacts/${id}`, 50);
    for (const answer of answers) expectProblem(answer, 504, 'UPSTREAM_TIMEOUT');
    expect((await world.sandbox.callsFor(id)).length).toBeLessThanOrEqual(2);
    await world.sandbox.clearFaults();
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
  });

  test('single contact, sub-resource and batch share it', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ delayMs: 300, contactId: id });
    const paths = [
      `/contacts/${id}?include=notes`,
      `/contacts/${id}/notes`,
      `/contacts?ids=${id}&include=notes`,
    ];
    const answers = await Promise.all(paths.map((path) => world.get(path)));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });
});
