import { expectProblem } from '../support/problem.ts';
import { ALL_SCOPES, ANY_SCOPE, startWriteWorld, type WriteWorld } from '../support/write-world.ts';

const WRITES = ['addNotestoContact', 'updateFieldData', 'addCommsHistory', 'addContactsFull'];

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld(1, { ZYNTRO_BRAND_ID: '101' });
});
afterAll(() => world?.stop());

const NOTE = { content: 'A note' };
const CHANGE = { contact: { city: 'Berlin' } };
const ACTIVITY = { type: 'call', data: 'Spoke.' };
const created = () => ({ contact: { firstName: 'Ada', email: `${crypto.randomUUID()}@example.com` } });

type Who = 'owner' | 'other' | 'unseen';
type Row = [who: Who, scope: string, method: string, path: string, status: number, code?: string];

const without = (scope: string) =>
  ALL_SCOPES.split(' ')
    .filter((one) => one !== scope)
    .join(' ');

/** One row per token and operation. `unseen` is a member who may not see the contact. */
const MATRIX: Row[] = [
  ['owner', ALL_SCOPES, 'POST', 'notes', 201],
  ['other', ALL_SCOPES, 'POST', 'notes', 403, 'NOT_CONTACT_OWNER'],
  ['other', ANY_SCOPE, 'POST', 'notes', 403, 'NOT_CONTACT_OWNER'],
  ['unseen', ANY_SCOPE, 'POST', 'notes', 404, 'CONTACT_NOT_FOUND'],
  ['owner', without('notes:write'), 'POST', 'notes', 403, 'INSUFFICIENT_SCOPE'],
  ['owner', ALL_SCOPES, 'PATCH', '', 204],
  ['other', ALL_SCOPES, 'PATCH', '', 403, 'NOT_CONTACT_OWNER'],
  ['other', ANY_SCOPE, 'PATCH', '', 204],
  ['unseen', ANY_SCOPE, 'PATCH', '', 404, 'CONTACT_NOT_FOUND'],
  ['owner', without('contacts:write'), 'PATCH', '', 403, 'INSUFFICIENT_SCOPE'],
  ['owner', ALL_SCOPES, 'POST', 'activities', 204],
  ['other', ALL_SCOPES, 'POST', 'activities', 403, 'NOT_CONTACT_OWNER'],
  ['other', ANY_SCOPE, 'POST', 'activities', 204],
  ['unseen', ANY_SCOPE, 'POST', 'activities', 404, 'CONTACT_NOT_FOUND'],
  ['owner', without('activities:write'), 'POST', 'activities', 403, 'INSUFFICIENT_SCOPE'],
];

test.each<Row>(MATRIX)('%s with %s: %s %s returns %i %s', async (...row: Row) => {
  const [who, scope, method, path, status, code] = row;
  const { org } = world.fleet;
  const seen = await world.contact();
  const id = who === 'unseen' ? org.hidden.id : seen.id;
  const member = who === 'unseen' ? org.members.find((one) => one !== org.hidden.owner)! : seen[who];
  const body = path === 'notes' ? NOTE : path === 'activities' ? ACTIVITY : CHANGE;
  const target = path === '' ? `/contacts/${id}` : `/contacts/${id}/${path}`;
  const answer = await world.client(member, scope).send(method, target, body);
  if (code === undefined) expect({ status: answer.status, text: answer.text }).toMatchObject({ status });
  else {
    expectProblem(answer, status, code);
    const calls = await Promise.all(WRITES.map((operation) => world.calls(operation, id)));
    expect(calls.flat().filter((call) => call.memberId === member || call.contactId === id)).toEqual([]);
  }
});

test('creating requires its scope, and changing an existing contact the one for any contact', async () => {
  const [member] = world.fleet.org.members;
  expectProblem(
    await world.client(member!, without('contacts:create')).send('POST', '/contacts', created()),
    403,
    'INSUFFICIENT_SCOPE',
  );
  const update = { ...created(), onExisting: 'update' };
  expectProblem(await world.client(member!).send('POST', '/contacts', update), 403, 'INSUFFICIENT_SCOPE');
  expect(await world.calls('addContactsFull')).toEqual([]);
  expect((await world.client(member!, ANY_SCOPE).send('POST', '/contacts', update)).status).toBe(200);
});

test('the representation of a write requires the scopes of a read', async () => {
  const { id, owner } = await world.contact();
  const answer = await world
    .client(owner, 'notes:write')
    .send('POST', `/contacts/${id}/notes`, NOTE, { headers: { prefer: 'return=representation' } });
  expectProblem(answer, 403, 'INSUFFICIENT_SCOPE');
  expect(answer.headers['www-authenticate']).toContain('scope="contacts:read"');
  expect(await world.calls('addNotestoContact', id)).toEqual([]);
});

test('a contact of another organization is not found, and no write call is made', async () => {
  const { id } = await world.contact();
  const foreign = world.fleet.token(undefined, {
    scope: ANY_SCOPE,
    org_id: crypto.randomUUID(),
  });
  const before = (await world.calls('updateFieldData')).length;
  const answer = await world.fleet.members[0]!.get(`/contacts/${id}`, {
    token: foreign,
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CHANGE),
  });
  expect([403, 404]).toContain(answer.status);
  expect(await world.calls('updateFieldData')).toHaveLength(before);
});
