import { startGate, type Gate } from '../support/gate.ts';
import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

const LIMIT = 2;

let gate: Gate;
let world: World;
beforeAll(async () => {
  world = await startWorld(async (sandbox) => {
    gate = await startGate(sandbox.url);
    return { ZYNTRO_BASE_URL: gate.url, UPSTREAM_MAX_CONCURRENCY: String(LIMIT) };
  });
});
afterAll(async () => {
  await gate?.stop();
  await world?.stop();
});
afterEach(() => {
  gate.release();
  return world.sandbox.reset();
});

const mostAtOnce = async (from = world): Promise<number> =>
  (await exchange(`${from.sandbox.controlUrl}/calls`)).json().mostAtOnce;
const fresh = (count: number, from = world): string[] =>
  Array.from({ length: count }, () => from.freshContact());

test('UPSTREAM_MAX_CONCURRENCY limits the concurrent upstream calls', async () => {
  await world.sandbox.setFaults({ delayMs: 100 });
  const answers = await Promise.all(fresh(20).map((id) => world.get(`/contacts/${id}?include=notes`)));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(await world.sandbox.calls()).toHaveLength(20);
  expect(await mostAtOnce()).toBe(LIMIT);
});

test('UPSTREAM_MAX_CONCURRENCY limits the concurrent upstream calls of a batch', async () => {
  await world.sandbox.setFaults({ delayMs: 50 });
  const ids = fresh(12);
  const answer = await world.get(`/contacts?ids=${ids.join()}`);
  expect(answer.json()).toMatchObject({ errors: [] });
  expect(answer.json().data.map((one: { contact: { id: string } }) => one.contact.id)).toEqual(ids);
  expect(await mostAtOnce()).toBe(LIMIT);
});

test('a cache hit does not wait for a free upstream slot', async () => {
  const [cached = '', ...others] = fresh(1 + LIMIT * 2);
  await world.get(`/contacts/${cached}`);
  await world.sandbox.reset();
  gate.hold();
  const slow = others.map((id) => world.get(`/contacts/${id}`));
  await waitFor(
    'all upstream slots to be in use',
    async () => (await world.sandbox.calls()).length === LIMIT,
  );
  const hit = await world.get(`/contacts/${cached}`);
  expect(hit.headers['cache-status']).toMatch(/^zyntro-bff; hit/);
  gate.release();
  await Promise.all(slow);
});

test('failed calls release their slot, and queued calls that time out get 503', async () => {
  const other = await startWorld({ UPSTREAM_MAX_CONCURRENCY: '1', UPSTREAM_TIMEOUT_MS: '2000' });
  try {
    const ids = fresh(4, other);
    await other.sandbox.setFaults({ mode: 'silent' });
    const answers = await Promise.all(ids.map((id) => other.get(`/contacts/${id}`)));
    // The call that held the slot timed out; the queued calls were never sent.
    for (const answer of answers) {
      if (answer.status === 504) expectProblem(answer, 504, 'UPSTREAM_TIMEOUT');
      else expectProblem(answer, 503, 'UPSTREAM_UNAVAILABLE');
    }
    expect(answers.map(({ status }) => status)).toContain(504);
    for (const mode of ['reset', 'http-500', 'malformed', 'huge', 'truncated']) {
      await other.sandbox.setFaults({ mode, hugeBytes: 3 * 1024 * 1024 });
      expect((await other.get(`/contacts/${ids[0]}`)).status).toBeGreaterThanOrEqual(502);
    }
    await other.sandbox.clearFaults();
    await waitFor('a 200', async () => (await other.get(`/contacts/${ids[0]}`)).status === 200);
    expect(await mostAtOnce(other)).toBe(1);
  } finally {
    await other.stop();
  }
});
