import { randomUUID } from 'node:crypto';
import type { Answer } from '../support/http.ts';
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

const getMany = (world: World, count: number): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, () => world.get(`/contacts/${randomUUID()}`)));

async function callCount(world: World): Promise<number> {
  return (await world.sandbox.calls()).length;
}

describe.each(['reset', 'http-500', 'truncated'])(
  '60 requests against an upstream that answers with %s',
  (mode) => {
    test.each(['at once', 'one after another'])('cause at most 75 calls when they come %s', async (how) => {
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
  },
);

test('a single reset is made up for by the retry', async () => {
  const world = await start();
  await world.sandbox.setFaults({ mode: 'reset', rate: 0.5 });
  let mended = 0;
  for (let tries = 0; tries < 40 && mended === 0; tries += 1) {
    const id = world.freshContact();
    const answer = await world.get(`/contacts/${id}`);
    const outcomes = (await world.sandbox.callsFor(id)).map((call) => call.outcome);
    if (answer.status === 200 && outcomes.join() === 'FAULT:reset,success') mended += 1;
  }
  expect(mended).toBe(1);
});

test('the Retry-After of a 429 is waited for where it fits into the deadline', async () => {
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

  test('opens on silence and answers at once, with a time to come back', async () => {
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

  test('is told of on the admin port alone, and the instance stays ready', async () => {
    const admin = await world.admin('/readyz');
    expect({ status: admin.status, state: admin.json().status }).toEqual({ status: 200, state: 'degraded' });
    expect(JSON.stringify(admin.json())).toMatch(/circuit breaker open/);
    expect((await world.get('/readyz')).text).not.toMatch(/breaker/);
  });

  test('lets one call try now and then, and closes once the upstream answers', async () => {
    const before = await callCount(world);
    await waitFor('a try', async () => {
      await getMany(world, 5);
      return (await callCount(world)) > before;
    });
    expect(await callCount(world)).toBe(before + 1);
    await world.sandbox.clearFaults();
    const id = world.freshContact();
    await waitFor('an answer', async () => (await world.get(`/contacts/${id}`)).status === 200);
    expect((await world.admin('/readyz')).json().status).toBe('ready');
    await waitFor('the log', () => states().join() === 'opened,closed');
  });
});

test('contacts that are not there are no ill health', async () => {
  const world = await start();
  const answers = await getMany(world, 60);
  for (const answer of answers) expect(answer.status).toBe(404);
  expect((await world.get(`/contacts/${world.freshContact()}`)).status).toBe(200);
});
