import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { startGate, type Gate } from '../support/gate.ts';
import { expectProblem } from '../support/problem.ts';

/** Long enough for 50 requests to arrive on a busy machine. */
const TIMEOUT_MS = '4000';

let gate: Gate;
let world: World;
beforeAll(async () => {
  world = await startWorld(async (sandbox) => {
    gate = await startGate(sandbox.url);
    return { ZYNTRO_BASE_URL: gate.url, UPSTREAM_TIMEOUT_MS: TIMEOUT_MS };
  });
});
afterAll(async () => {
  await gate?.stop();
  await world?.stop();
});
afterEach(() => {
  gate.release();
  return world.sandbox.clearFaults();
});

const crowd = (path: string, size: number) =>
  Promise.all(Array.from({ length: size }, () => world.get(path)));

/** Returns the responses to requests that all arrive before the upstream responds. */
async function respondAfterAllArrive<T>(contactId: string, send: () => Promise<T>): Promise<T> {
  gate.hold(contactId);
  const answers = send();
  await world.awaitForwarded();
  gate.release();
  return answers;
}

describe('one upstream call for many callers', () => {
  test('the other callers get a response when the first caller disconnects', async () => {
    const id = world.freshContact();
    gate.hold(id);
    const leader = new AbortController();
    const left = world.get(`/contacts/${id}?include=notes`, { signal: leader.signal }).catch(() => 'gone');
    await world.sandbox.awaitCalls(id, 1);
    const followers = crowd(`/contacts/${id}?include=notes`, 5);
    await world.awaitForwarded();
    leader.abort();
    expect(await left).toBe('gone');
    gate.release();
    expect((await followers).map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });

  test('a caller that arrives after the first one disconnected gets a response', async () => {
    const id = world.freshContact();
    gate.hold(id);
    const leader = new AbortController();
    const left = world.get(`/contacts/${id}`, { signal: leader.signal }).catch(() => 'gone');
    await world.sandbox.awaitCalls(id, 1);
    leader.abort();
    await left;
    gate.release();
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
    expect((await world.sandbox.callsFor(id)).length).toBeLessThanOrEqual(2);
  });

  test.each([
    ['error:IP_NOT_WHITELISTED', 502, 'UPSTREAM_EGRESS_REJECTED'],
    ['error:INVALID_API_KEY', 502, 'UPSTREAM_CREDENTIALS_REJECTED'],
    ['html', 502, 'UPSTREAM_BAD_RESPONSE'],
    ['error:NOT_FOUND', 404, 'CONTACT_NOT_FOUND'],
  ])('a call that fails with %s fails once for all callers', async (mode, status, code) => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ mode, contactId: id });
    const answers = await respondAfterAllArrive(id, () => crowd(`/contacts/${id}?include=entity`, 50));
    for (const answer of answers) expectProblem(answer, status, code);
    expect(new Set(answers.map((answer) => answer.json().requestId)).size).toBe(50);
    const attempts = mode === 'html' ? 2 : 1;
    expect((await world.sandbox.callsFor(id)).length).toBeLessThanOrEqual(attempts);
  });

  test('a call that times out fails for all callers without a thundering herd', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ mode: 'silent', contactId: id });
    const answers = await crowd(`/contacts/${id}`, 50);
    for (const answer of answers) expectProblem(answer, 504, 'UPSTREAM_TIMEOUT');
    expect((await world.sandbox.callsFor(id)).length).toBeLessThanOrEqual(2);
    await world.sandbox.clearFaults();
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
  });

  test('single contact, sub-resource and batch share a call', async () => {
    const id = world.freshContact();
    const paths = [
      `/contacts/${id}?include=notes`,
      `/contacts/${id}/notes`,
      `/contacts?ids=${id}&include=notes`,
    ];
    const answers = await respondAfterAllArrive(id, () => Promise.all(paths.map((path) => world.get(path))));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });
});
