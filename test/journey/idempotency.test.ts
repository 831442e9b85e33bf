import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import type { Faults } from '../support/start-sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { newKey, startWriteWorld, type WriteWorld } from '../support/write-world.ts';

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld(3, { UPSTREAM_TIMEOUT_MS: '2000' });
});
afterEach(() => world.fleet.sandbox.clearFaults());
afterAll(() => world?.stop());

const carriedOut = async (contact: string) =>
  (await world.calls('addNotestoContact', contact)).filter((call) => call.carriedOut);

test('100 parallel repeats over three processes make one upstream call and one 201', async () => {
  const { id, owner } = await world.contact();
  const headers = newKey();
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      world
        .client(owner, undefined, world.fleet.members[index % 3])
        .send('POST', `/contacts/${id}/notes`, { content: 'Once' }, { headers }),
    ),
  );
  const first = answers.filter(
    ({ status, headers: sent }) => status === 201 && !sent['idempotency-replayed'],
  );
  expect(first).toHaveLength(1);
  for (const answer of answers) {
    if (answer.status === 201) expect(answer.text).toBe(first[0]!.text);
    else {
      expectProblem(answer, 409, 'IDEMPOTENCY_IN_PROGRESS');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    }
  }
  expect(await world.calls('addNotestoContact', id)).toHaveLength(1);
  const again = await world
    .client(owner)
    .send('POST', `/contacts/${id}/notes`, { content: 'Once' }, { headers });
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(again.text).toBe(first[0]!.text);
});

test('a repeat of a write without a body in its response is 204 again', async () => {
  const { id, owner } = await world.contact();
  const client = world.client(owner);
  for (const [method, path, body] of [
    ['PATCH', `/contacts/${id}`, { contact: { city: 'Bergen' } }],
    ['POST', `/contacts/${id}/activities`, { type: 'call', data: 'Spoke.' }],
  ] as const) {
    const headers = newKey();
    const send = () => client.send(method, path, body, { headers });
    const [first, repeat] = [await send(), await send()];
    expect([first.status, repeat.status, repeat.headers['idempotency-replayed']]).toEqual([204, 204, 'true']);
  }
});

test('a path in another spelling is the same request', async () => {
  const { id, owner } = await world.contact();
  const headers = newKey();
  const send = (contact: string) =>
    world.client(owner).send('POST', `/contacts/${contact}/notes`, { content: 'Spelled' }, { headers });
  const first = await send(id);
  const again = await send(`%${id.charCodeAt(0).toString(16)}${id.slice(1).toUpperCase()}`);
  expect([first.status, again.status, again.headers['idempotency-replayed']]).toEqual([201, 201, 'true']);
  expect(await world.calls('addNotestoContact', id)).toHaveLength(1);
});

test('another body with the same key is 422, and a write that the proxy refused frees the key', async () => {
  const { id, owner, other } = await world.contact();
  const path = `/contacts/${id}/notes`;
  const headers = newKey();
  expect((await world.client(owner).send('POST', path, { content: 'One' }, { headers })).status).toBe(201);
  expectProblem(
    await world.client(owner).send('POST', path, { content: 'Two' }, { headers }),
    422,
    'IDEMPOTENCY_KEY_REUSED',
  );
  const refused = newKey();
  for (let repeat = 0; repeat < 2; repeat += 1)
    expectProblem(
      await world.client(other).send('POST', path, { content: 'Mine' }, { headers: refused }),
      403,
      'NOT_CONTACT_OWNER',
    );
});

test('two subjects with one key do not see each other', async () => {
  const { id, owner, other } = await world.contact();
  const headers = newKey();
  const note = { content: `of ${owner}` };
  expect((await world.client(owner).send('POST', `/contacts/${id}/notes`, note, { headers })).status).toBe(
    201,
  );
  const foreign = await world.client(other).send('POST', `/contacts/${id}/notes`, note, { headers });
  expectProblem(foreign, 403, 'NOT_CONTACT_OWNER');
});

test.each(['""', 'a b', `"${'x'.repeat(256)}"`, 'k'.repeat(256), '"unclosed'])(
  'rejects the key %s',
  async (key) => {
    const { id, owner } = await world.contact();
    const headers = { 'idempotency-key': key };
    const answer = await world
      .client(owner)
      .send('POST', `/contacts/${id}/notes`, { content: 'x' }, { headers });
    expectProblem(answer, 400, 'INVALID_IDEMPOTENCY_KEY');
    expect(await world.calls('addNotestoContact', id)).toEqual([]);
  },
);

test.each([
  ['before', 1],
  ['after', 1],
] as const)(
  'a time-out %s the note was carried out is 504 with outcome unknown, and a repeat makes one note in all',
  async (when, notes) => {
    const { id, owner } = await world.contact();
    const client = world.client(owner);
    const path = `/contacts/${id}/notes`;
    const headers = newKey();
    const content = `note ${randomUUID()}`;
    await world.fleet.sandbox.setOperationFaults('addNotestoContact', {
      mode: 'silent',
      phase: when,
      calls: 1,
    });
    const failed = await client.send('POST', path, { content }, { headers });
    expectProblem(failed, 504, 'UPSTREAM_TIMEOUT');
    expect(failed.json().outcome).toBe('unknown');
    const repeat = await client.send('POST', path, { content }, { headers });
    expect({ status: repeat.status, text: repeat.text }).toMatchObject({ status: 201 });
    expect(repeat.json().reconciled).toBe(when === 'after' ? true : undefined);
    expect(await carriedOut(id)).toHaveLength(notes);
    const { data } = (await client.get(path)).json();
    expect(data.filter((note: Json) => note.content === content)).toHaveLength(1);
  },
);

test('an activity whose outcome is unknown cannot be checked, so a repeat is 409', async () => {
  const { id, owner } = await world.contact();
  const client = world.client(owner);
  const headers = newKey();
  const activity = { type: 'call', data: 'Spoke.' };
  await world.fleet.sandbox.setOperationFaults('addCommsHistory', {
    mode: 'silent',
    phase: 'after',
    calls: 1,
  });
  const path = `/contacts/${id}/activities`;
  expectProblem(await client.send('POST', path, activity, { headers }), 504, 'UPSTREAM_TIMEOUT');
  expectProblem(await client.send('POST', path, activity, { headers }), 409, 'IDEMPOTENCY_OUTCOME_UNKNOWN');
  expect(await world.calls('addCommsHistory', id)).toHaveLength(1);
});

type Moment = 'before' | 'during' | 'after';
/** Resolves when the write of a note has come to the moment. */
const MOMENTS: Readonly<Record<Moment, (id: string) => Promise<unknown>>> = {
  // The contact is read before the note is sent.
  before: (id) => world.fleet.sandbox.awaitCalls(id, 2),
  during: (id) => waitFor('the write to be carried out', async () => (await carriedOut(id)).length === 1),
  // The response has arrived, and Redis does not acknowledge the end of the fence.
  async after(id) {
    await MOMENTS.during(id);
    world.redis.signal('SIGSTOP');
    await sleep(2 * RESPONSE_MS);
  },
};
const RESPONSE_MS = 400;
const FAULTS: Readonly<Record<Moment, readonly [operation: string, faults: Faults]>> = {
  before: ['fetchContact', { delayMs: 60_000, calls: 1 }],
  during: ['addNotestoContact', { mode: 'silent', phase: 'after', calls: 1 }],
  after: ['addNotestoContact', { delayMs: RESPONSE_MS, calls: 1 }],
};

/** Kills a process at a moment of a write. Returns a function that repeats the write until it is answered. */
async function killAt(moment: Moment) {
  const { id, owner } = await world.contact();
  const path = `/contacts/${id}/notes`;
  const headers = newKey();
  const doomed = await world.fleet.add();
  await world.fleet.sandbox.setOperationFaults(...FAULTS[moment]);
  const send = (process?: typeof doomed) =>
    world.client(owner, undefined, process).send('POST', path, { content: moment }, { headers });
  const cut = send(doomed).catch(() => 'cut');
  await MOMENTS[moment](id);
  doomed.program.signal('SIGKILL');
  world.redis.signal('SIGCONT');
  expect(await cut).toBe('cut');
  await world.fleet.sandbox.clearFaults();
  return async () => {
    const answer = await waitFor('the lease to end', async () => {
      const repeat = await send();
      if (repeat.status === 409) expect(repeat.json().code).toBe('IDEMPOTENCY_IN_PROGRESS');
      return repeat.status === 201 && repeat;
    });
    return { reconciled: answer.json().reconciled ?? false, notes: (await carriedOut(id)).length };
  };
}

test('a process killed before, during or after the upstream call leaves one note after a repeat', async () => {
  const repeats = [await killAt('before'), await killAt('during'), await killAt('after')];
  expect(await Promise.all(repeats.map((repeat) => repeat()))).toEqual([
    { reconciled: false, notes: 1 },
    { reconciled: true, notes: 1 },
    { reconciled: true, notes: 1 },
  ]);
});

test('with an unreachable Redis, a write with a key is 503 and nothing is sent', async () => {
  const { id, owner } = await world.contact();
  world.redis.signal('SIGSTOP');
  try {
    const answer = await world
      .client(owner)
      .send('POST', `/contacts/${id}/notes`, { content: 'x' }, { headers: newKey() });
    expectProblem(answer, 503, 'CACHE_UNAVAILABLE');
    expect(answer.json().outcome).toBe('none');
  } finally {
    world.redis.signal('SIGCONT');
  }
  expect(await world.calls('addNotestoContact', id)).toEqual([]);
});
