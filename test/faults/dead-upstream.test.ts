import { randomUUID } from 'node:crypto';
import type { TestResponse } from '../support/http.ts';
import { parsedLines } from '../support/child.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

const worlds: World[] = [];
afterAll(() => Promise.all(worlds.map((world) => world.stop())));
async function start(env: Record<string, string> = {}): Promise<World> {
  const world = await startWorld(env);
  worlds.push(world);
  return world;
}

const getMany = (world: World, count: number): Promise<TestResponse[]> =>
  Promise.all(Array.from({ length: count }, () => world.get(`/contacts/${randomUUID()}`)));

async function callCount(world: World): Promise<number> {
  return (await world.sandbox.calls()).length;
}

describe.each(['reset', 'http-500', 'truncated'])('60 requests to an upstream that fails with %s', (mode) => {
  test.each(['at once', 'one after another'])('cause at most 75 upstream calls when sent %s', async (how) => {
    const world = await start();
    await getMany(world, 20);
    const before = await callCount(world);
    await world.sandbox.setFaults({ mode });
    const answers = how === 'at once' ? await getMany(world, 60) : [];
    while (answers.length < 60) answers.push(...(await getMany(world, 1)));
    for (const answer of answers) {
      expect([502, 503]).toContain(answer.status);
      if (answer.status === 503) expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    }
    expect((await callCount(world)) - before).toBeLessThanOrEqual(75);
  });
});

test('retries once after a connection reset and returns 200', async () => {
  const world = await start();
  await world.sandbox.setFaults({ mode: 'reset', rate: 0.5 });
  let recovered = 0;
  for (let tries = 0; tries < 40 && recovered === 0; tries += 1) {
    const id = world.freshContact();
    const answer = await world.get(`/contacts/${id}`);
    const outcomes = (await world.sandbox.callsFor(id)).map((call) => call.outcome);
    if (answer.status === 200 && outcomes.join() === 'FAULT:reset,success') recovered += 1;
  }
  expect(recovered).toBe(1);
});

test('waits for the Retry-After of a 429 when it fits into the deadline', async () => {
  const world = await start();
  const id = world.freshContact();
  await world.sandbox.setFaults({ mode: 'http-429', retryAfterS: 1, contactId: id });
  const answer = world.get(`/contacts/${id}`);
  await world.sandbox.awaitCalls(id, 1);
  await world.sandbox.clearFaults();
  expect((await answer).status).toBe(200);
  expect((await answer).ms).toBeGreaterThan(950);
});

describe('the circuit breaker', () => {
  let world: World;
  beforeAll(async () => void (world = await start({ UPSTREAM_TIMEOUT_MS: '400' })));

  const states = (): unknown[] =>
    parsedLines(world.program.stdout())
      .map((line) => /circuit breaker (opened|closed)/.exec(String(line['msg']))?.[1])
      .filter(Boolean);

  test('opens when the upstream does not respond, then returns 503 with Retry-After at once', async () => {
    await world.sandbox.setFaults({ mode: 'silent' });
    const answers = await getMany(world, 30);
    expectProblem(answers[0]!, 504, 'UPSTREAM_TIMEOUT');
    const before = await callCount(world);
    const refused = await getMany(world, 20);
    for (const answer of refused) expectProblem(answer, 503, 'UPSTREAM_UNAVAILABLE');
    for (const answer of refused) expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(await callCount(world)).toBe(before);
    expect(states()).toEqual(['opened']);
  });

  test('is reported on the admin port only, and the instance stays ready', async () => {
    const admin = await world.admin('/readyz');
    expect({ status: admin.status, state: admin.json().status }).toEqual({ status: 200, state: 'degraded' });
    expect(JSON.stringify(admin.json())).toMatch(/circuit breaker open/);
    expect((await world.get('/readyz')).text).not.toMatch(/breaker/);
  });

  test('sends one probe call while half-open, and closes when the upstream responds', async () => {
    const before = await callCount(world);
    await waitFor('a probe call', async () => {
      await getMany(world, 5);
      return (await callCount(world)) > before;
    });
    expect(await callCount(world)).toBe(before + 1);
    await world.sandbox.clearFaults();
    const id = world.freshContact();
    await waitFor('a 200 response', async () => (await world.get(`/contacts/${id}`)).status === 200);
    expect((await world.admin('/readyz')).json().status).toBe('ready');
    await waitFor('the closed log line', () => states().join() === 'opened,closed');
  });
});

test('does not open the circuit breaker for contacts that do not exist', async () => {
  const world = await start();
  const answers = await getMany(world, 60);
  for (const answer of answers) expect(answer.status).toBe(404);
  expect((await world.get(`/contacts/${world.freshContact()}`)).status).toBe(200);
});
