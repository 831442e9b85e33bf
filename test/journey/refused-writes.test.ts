import { randomUUID } from 'node:crypto';
import { expectProblem } from '../support/problem.ts';
import { newKey, startWriteWorld, type WriteWorld } from '../support/write-world.ts';

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld(2);
});
afterEach(() => world.fleet.sandbox.clearFaults());
afterAll(() => world?.stop());

test('a repeat gets the refusal of the upstream, and another body with its key is 422', async () => {
  const { owner } = await world.contact();
  const contact = { firstName: 'Ada', email: `${randomUUID()}@example.com` };
  const send = (body: unknown, headers: Record<string, string>, process = 0) =>
    world.client(owner, undefined, world.fleet.members[process]).send('POST', '/contacts', body, { headers });
  expect((await send({ contact }, newKey())).status).toBe(201);
  const headers = newKey();
  const first = await send({ contact }, headers);
  expectProblem(first, 409, 'CONTACT_EXISTS');
  expect(first.headers['idempotency-replayed']).toBeUndefined();
  const calls = (await world.calls('addContactsFull')).length;
  for (const process of [0, 1]) {
    const repeat = await send({ contact }, headers, process);
    expectProblem(repeat, 409, 'CONTACT_EXISTS');
    expect(repeat.headers['idempotency-replayed']).toBe('true');
    expect({ ...repeat.json(), requestId: '' }).toEqual({ ...first.json(), requestId: '' });
  }
  expectProblem(await send({ contact, skipEntity: true }, headers), 422, 'IDEMPOTENCY_KEY_REUSED');
  expect(await world.calls('addContactsFull')).toHaveLength(calls);
});

test.each([
  ['unknown-message', 422, 'UPSTREAM_REFUSED', 422],
  ['error:NOT_FOUND', 404, 'CONTACT_NOT_FOUND', 404],
  ['error:INVALID_API_KEY', 502, 'UPSTREAM_CREDENTIALS_REJECTED', 201],
  ['error:IP_NOT_WHITELISTED', 502, 'UPSTREAM_EGRESS_REJECTED', 201],
])('after %s, which is %i %s, a repeat is %i', async (mode, status, code, repeated) => {
  const { id, owner } = await world.contact();
  const [path, headers] = [`/contacts/${id}/notes`, newKey()];
  await world.fleet.sandbox.setOperationFaults('addNotestoContact', { mode, calls: 1 });
  const send = () => world.client(owner).send('POST', path, { content: 'Refused' }, { headers });
  const first = await send();
  expectProblem(first, status, code);
  expect(first.json().outcome).toBe('none');
  const repeat = await send();
  expect(repeat.status).toBe(repeated);
  expect(repeat.headers['idempotency-replayed']).toBe(repeated === status ? 'true' : undefined);
});
