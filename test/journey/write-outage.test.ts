import type { TestResponse } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { waitFor } from '../support/wait-for.ts';
import { ANY_SCOPE, newKey, startWriteWorld, type WriteWorld } from '../support/write-world.ts';

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld(1);
});
afterEach(() => world.fleet.sandbox.clearFaults());
afterAll(() => world?.stop());

const newContact = () => ({ contact: { firstName: 'Ada', email: `${crypto.randomUUID()}@example.com` } });

async function withoutRedis<T>(run: () => Promise<T>): Promise<T> {
  world.redis.signal('SIGSTOP');
  try {
    return await run();
  } finally {
    world.redis.signal('SIGCONT');
  }
}

function expectNotSent(answer: TestResponse): void {
  expectProblem(answer, 503, 'CACHE_UNAVAILABLE');
  expect(answer.json().outcome).toBe('none');
  expect(answer.json().detail).toContain('Nothing was sent');
  expect(answer.headers['retry-after']).toBe('1');
}

test.each<[method: string, path: string, body: unknown, operation: string, headers?: Record<string, string>]>(
  [
    ['POST', '/notes', { content: 'A note' }, 'addNotestoContact'],
    ['PUT', '/notes/1', { content: 'A note' }, 'addNotestoContact'],
    ['PATCH', '', { contact: { city: 'Oslo' } }, 'updateFieldData'],
    ['PATCH', '', { contact: { city: 'Oslo' } }, 'updateFieldData', { 'if-match': '*' }],
    ['POST', '/activities', { type: 'call', data: 'Spoke.' }, 'addCommsHistory'],
  ],
)('%s /contacts/:id%s %j sends nothing while Redis is unreachable', async (...row) => {
  const [method, path, body, operation, headers = {}] = row;
  const { id, owner } = await world.contact();
  const client = world.client(owner);
  const answer = await withoutRedis(() => client.send(method, `/contacts/${id}${path}`, body, { headers }));
  expectNotSent(answer);
  expect(await world.calls(operation, id)).toEqual([]);
});

test.each([
  ['fail', 'without', {}],
  ['fail', 'with', newKey()],
  ['update', 'without', {}],
])(
  'POST /contacts (%s) %s a key sends nothing while Redis is unreachable',
  async (onExisting, _key, headers) => {
    const client = world.client(world.fleet.org.members[0]!, ANY_SCOPE);
    const before = await world.calls('addContactsFull');
    const body = { ...newContact(), onExisting };
    expectNotSent(await withoutRedis(() => client.send('POST', '/contacts', body, { headers })));
    expect(await world.calls('addContactsFull')).toEqual(before);
  },
);

test('POST /contacts has an unknown outcome if Redis fails while the upstream carries it out', async () => {
  const client = world.client(world.fleet.org.members[0]!);
  const before = await world.calls('addContactsFull');
  await waitFor('Redis to be in use', async () => {
    const { status } = await client.send('POST', '/contacts', newContact());
    return status === 201;
  });
  const created = await world.calls('addContactsFull');
  expect(created.length).toBeGreaterThan(before.length);
  await world.fleet.sandbox.setOperationFaults('addContactsFull', { delayMs: 500 });
  const pending = client.send('POST', '/contacts', newContact());
  await waitFor('the call', async () => (await world.calls('addContactsFull')).length > created.length);
  const answer = await withoutRedis(() => pending);
  expectProblem(answer, 503, 'CACHE_UNAVAILABLE');
  expect(answer.json().outcome).toBe('unknown');
  expect(answer.json().detail).toContain('was carried out');
});

test('a write whose client has gone is finished before the program ends', async () => {
  const { id, owner } = await world.contact();
  const leaving = await world.fleet.add();
  const headers = newKey();
  const send = (process?: typeof leaving, signal?: AbortSignal) =>
    world
      .client(owner, undefined, process)
      .send(
        'POST',
        `/contacts/${id}/activities`,
        { type: 'call', data: 'Spoke.' },
        { headers, ...(signal && { signal }) },
      );
  await world.fleet.sandbox.setOperationFaults('addCommsHistory', { delayMs: 1500, calls: 1 });
  const leave = new AbortController();
  const cut = send(leaving, leave.signal).catch(() => 'cut');
  const calls = () => world.calls('addCommsHistory', id);
  await waitFor('the call', async () => (await calls()).length === 1);
  leave.abort();
  expect(await cut).toBe('cut');
  expect(await leaving.program.stop()).toEqual({ code: 0, signal: null });
  const repeat = await send();
  expect(repeat.status).toBe(204);
  expect(repeat.headers['idempotency-replayed']).toBe('true');
  expect(await calls()).toHaveLength(1);
});
