import type { ContactsClient } from '../../src/client/index.ts';
import { startScriptedServer, type Script, type ScriptedServer } from '../support/scripted-server.ts';
import { clientOf, CONTACT, DISCONNECT, ID, problem } from './scripted-client.ts';

let server: ScriptedServer;
beforeAll(async () => void (server = await startScriptedServer()));
afterAll(() => server.stop());

const NOTE = { id: 'n/1', content: 'text', visible: false, editable: false };
const CREATED = { id: ID, entityId: null };
const NO_CONTENT: Script = { status: 204 };
const keys = (): unknown[] => server.requests.map(({ headers }) => headers['idempotency-key']);

interface Case {
  readonly name: string;
  readonly call: (client: ContactsClient) => Promise<unknown>;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly response: Script;
  readonly result?: unknown;
}
const CASES: readonly Case[] = [
  {
    name: 'addNote',
    call: (client) => client.addNote(ID, { content: 'text' }),
    method: 'POST',
    path: `/contacts/${ID}/notes`,
    body: { content: 'text' },
    response: { status: 201, body: { data: NOTE } },
    result: NOTE,
  },
  {
    name: 'updateNote',
    call: (client) => client.updateNote(ID, 'n/1', { content: 'text', visible: true }),
    method: 'PUT',
    path: `/contacts/${ID}/notes/n%2F1`,
    body: { content: 'text', visible: true },
    response: { body: { data: NOTE } },
    result: NOTE,
  },
  {
    name: 'updateContact',
    call: (client) => client.updateContact(ID, { contact: { stageId: '4' } }),
    method: 'PATCH',
    path: `/contacts/${ID}`,
    body: { contact: { stageId: '4' } },
    response: NO_CONTENT,
  },
  {
    name: 'addActivity',
    call: (client) => client.addActivity(ID, { type: 'call', data: 'text' }),
    method: 'POST',
    path: `/contacts/${ID}/activities`,
    body: { type: 'call', data: 'text' },
    response: NO_CONTENT,
  },
  {
    name: 'createContact',
    call: (client) => client.createContact({ contact: { email: 'a@b.example' } }),
    method: 'POST',
    path: '/contacts',
    body: { contact: { email: 'a@b.example' } },
    response: { status: 201, body: { data: CREATED } },
    result: CREATED,
  },
];

describe.each(CASES)('$name', ({ call, method, path, body, response, result }) => {
  test('sends the body as JSON with an idempotency key', async () => {
    server.respond(response);
    expect(await call(clientOf(server.url))).toEqual(result);
    expect(server.requests).toHaveLength(1);
    const [request] = server.requests;
    expect([request!.method, request!.path]).toEqual([method, path]);
    expect(request!.headers['content-type']).toBe('application/json');
    expect(JSON.parse(request!.body)).toEqual(body);
    expect(keys()[0]).toMatch(/^"[\d-]{16,}"$/);
  });

  test('retries with the same key, and takes another key for the next call', async () => {
    const inProgress = problem(409, 'IDEMPOTENCY_IN_PROGRESS', { 'retry-after': '0' });
    server.respond(DISCONNECT, inProgress, problem(503, 'CACHE_UNAVAILABLE'), response);
    const client = clientOf(server.url, { maxRetries: 3 });
    expect(await call(client)).toEqual(result);
    await call(client);
    const [first, second, third, fourth, fifth] = keys();
    expect([second, third, fourth]).toEqual([first, first, first]);
    expect(fifth).not.toBe(first);
    expect(new Set(server.requests.map(({ body }) => body)).size).toBe(1);
  });
});

test.each([
  ['order-17', '"order-17"'],
  ['a "quoted" \\ key', '"a \\"quoted\\" \\\\ key"'],
])('sends the idempotency key %j as a quoted string', async (idempotencyKey, header) => {
  server.respond(NO_CONTENT);
  await clientOf(server.url).addActivity(ID, { type: 'sms', data: 'text' }, { idempotencyKey });
  expect(keys()).toEqual([header]);
});

test('sends the preconditions and preferences of a call, and returns the representation', async () => {
  server.respond({ body: { data: CONTACT }, headers: { 'preference-applied': 'return=representation' } });
  const options = { ifMatch: '"7"', prefer: 'representation' } as const;
  const updated = await clientOf(server.url).updateContact(ID, { contact: { name: 'Jane' } }, options);
  expect(updated?.contact.name).toBe('Jane Smith');
  const { headers } = server.requests[0]!;
  expect([headers['if-match'], headers.prefer]).toEqual(['"7"', 'return=representation']);
});

test('sends neither a precondition nor a preference by default', async () => {
  server.respond(NO_CONTENT);
  await clientOf(server.url).updateContact(ID, { contact: { name: 'Jane' } });
  expect(Object.keys(server.requests[0]!.headers)).not.toEqual(
    expect.arrayContaining(['if-match', 'prefer']),
  );
});

test.each([
  [409, 'CONTACT_EXISTS'],
  [412, 'PRECONDITION_FAILED'],
  [409, 'IDEMPOTENCY_OUTCOME_UNKNOWN'],
  [422, 'UPSTREAM_REFUSED'],
  [504, 'UPSTREAM_TIMEOUT'],
])('does not retry a write after %i %s', async (status, code) => {
  server.respond(problem(status, code, { etag: '"8"' }, { outcome: 'unknown' }));
  const pending = clientOf(server.url).addNote(ID, { content: 'text' });
  await expect(pending).rejects.toMatchObject({ status, code, outcome: 'unknown', etag: '"8"' });
  expect(server.requests).toHaveLength(1);
});

test('a renewed token repeats a write with the same key', async () => {
  server.respond(problem(401, 'EXPIRED_TOKEN'), NO_CONTENT);
  let calls = 0;
  const token = (): string => `token-${(calls += 1)}`;
  await clientOf(server.url, { token }).addActivity(ID, { type: 'sms', data: 'text' });
  expect(keys()).toHaveLength(2);
  expect(new Set(keys()).size).toBe(1);
});

test('lookupContact keeps personal data out of the URL, and does not send a key', async () => {
  server.respond(problem(503, 'OVERLOADED'), { body: { data: [CONTACT] } });
  const options = { include: ['notes'], fields: { contact: ['name'] } } as const;
  const found = await clientOf(server.url).lookupContact({ email: 'a@b.example' }, options);
  expect(found).toEqual(CONTACT);
  const [, { method, path, body }] = server.requests as [unknown, (typeof server.requests)[0]];
  expect([method, path]).toEqual(['POST', '/contacts/lookup?include=notes&fields%5Bcontact%5D=name']);
  expect(JSON.parse(body)).toEqual({ email: 'a@b.example' });
  expect(keys()).toEqual([undefined, undefined]);
});

test('lookupContact resolves to null if there is no contact', async () => {
  server.respond({ body: { data: [] } });
  expect(await clientOf(server.url).lookupContact({ phone: '+1 555 0100' })).toBeNull();
});

test('getMembers returns the members', async () => {
  const members = [{ id: 'm1', name: 'Sam' }];
  server.respond({ body: { data: members } });
  expect(await clientOf(server.url).getMembers()).toEqual(members);
  expect(server.requests.map(({ method, path }) => [method, path])).toEqual([['GET', '/members']]);
});

const NOTHING_SENT = problem(503, 'CACHE_UNAVAILABLE', {}, { outcome: 'none' });
test.each<[string, Script]>([
  ['a failure with an unknown outcome', problem(503, 'UPSTREAM_UNAVAILABLE', {}, { outcome: 'unknown' })],
  ['a connection that ends without a response', DISCONNECT],
  ['a 503 of a gateway', { status: 503, headers: { 'content-type': 'text/html' } }],
])('the outcome of a write stays unknown after %s', async (_name, first) => {
  server.respond(first, NOTHING_SENT, NOTHING_SENT);
  await expect(clientOf(server.url).addNote(ID, { content: 'text' })).rejects.toMatchObject({
    code: 'CACHE_UNAVAILABLE',
    outcome: 'unknown',
  });
  server.respond(NOTHING_SENT);
  const refused = clientOf(server.url, { maxRetries: 0 }).addNote(ID, { content: 'text' });
  await expect(refused).rejects.toMatchObject({ outcome: 'none' });
});

test('a refusal that is replayed keeps its outcome', async () => {
  const replay = problem(409, 'CONTACT_EXISTS', { 'idempotency-replayed': 'true' }, { outcome: 'none' });
  server.respond(DISCONNECT, replay);
  const pending = clientOf(server.url).createContact({ contact: { email: 'a@example.com' } });
  await expect(pending).rejects.toMatchObject({ code: 'CONTACT_EXISTS', outcome: 'none' });
});
