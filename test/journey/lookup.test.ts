import type { Json } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { waitFor } from '../support/wait-for.ts';
import { ANY_SCOPE, startWriteWorld, type WriteWorld } from '../support/write-world.ts';

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld(2, { ZYNTRO_BRAND_ID: '101' });
});
afterAll(() => world?.stop());

const lookup = (client: ReturnType<WriteWorld['client']>, body: unknown, query = '') =>
  client.send('POST', `/contacts/lookup${query}`, body);
const idsOf = (answer: { json(): Json }): string[] => answer.json().data.map((one: Json) => one.contact.id);

// First, because the values must not be cached.
test('a hidden contact and an unknown one cost the same calls, first and repeated, in every process', async () => {
  const { org, members: processes } = world.fleet;
  const { hidden } = org;
  const member = org.members.find((one) => one !== hidden.owner)!;
  const email = (await world.client(hidden.owner).get(`/contacts/${hidden.id}`)).json().data.contact.email;
  const unknown = `${crypto.randomUUID()}@example.com`;
  const costOf = async (process: (typeof processes)[number], value: string): Promise<string[]> => {
    const before = (await world.fleet.sandbox.calls()).length;
    expect(idsOf(await lookup(world.client(member, undefined, process), { email: value }))).toEqual([]);
    return (await world.fleet.sandbox.calls()).slice(before).map(({ operation }) => operation);
  };
  const change = { contact: { firstName: 'Ada', email: `${crypto.randomUUID()}@example.com` } };
  for (const process of [processes[0]!, processes[0]!, processes[1]!]) {
    const ofHidden = await costOf(process, email);
    expect(await costOf(process, unknown)).toEqual(ofHidden);
  }
  const created = await world.client(member, ANY_SCOPE).send('POST', '/contacts', change);
  expect(created.status).toBe(201);
  for (const process of processes) {
    const ofHidden = await costOf(process, email);
    expect(await costOf(process, unknown)).toEqual(ofHidden);
  }
});

test.each(['email', 'phone'] as const)('finds a contact by its %s, with includes', async (kind) => {
  const { id, owner } = await world.contact();
  const client = world.client(owner);
  const { contact } = (await client.get(`/contacts/${id}`)).json().data;
  const answer = await lookup(client, { [kind]: contact[kind] }, '?include=notes&fields[contact]=city');
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.json().data).toEqual([{ contact: { id, city: contact.city }, notes: expect.anything() }]);
});

test('compares e-mail addresses without regard to case, and finds nothing by a part of one', async () => {
  const { id, owner } = await world.contact();
  const client = world.client(owner);
  const { email } = (await client.get(`/contacts/${id}`)).json().data.contact;
  expect(idsOf(await lookup(client, { email: email.toUpperCase() }))).toEqual([id]);
  const [local] = email.split('@');
  for (const part of [email.slice(1), local, email.slice(local.length), email.slice(0, 1)])
    expect(idsOf(await lookup(client, { email: part }))).toEqual([]);
});

test('a contact that the member may not see is not found, with the same response as no match', async () => {
  const { org } = world.fleet;
  const { hidden } = org;
  const owner = world.client(hidden.owner);
  const { email } = (await owner.get(`/contacts/${hidden.id}`)).json().data.contact;
  expect(idsOf(await lookup(owner, { email }))).toEqual([hidden.id]);
  const other = world.client(org.members.find((member) => member !== hidden.owner)!);
  const unseen = await lookup(other, { email });
  const unknown = await lookup(other, { email: `${crypto.randomUUID()}@example.com` });
  expect(unseen.text).toBe('{"data":[]}');
  expect({ status: unseen.status, text: unseen.text }).toEqual({
    status: unknown.status,
    text: unknown.text,
  });
});

test('is right at once after a create and after a change of the e-mail address', async () => {
  const [member] = world.fleet.org.members;
  const [here, there] = world.fleet.members.map((process) => world.client(member!, ANY_SCOPE, process));
  const [first, second] = [crypto.randomUUID(), crypto.randomUUID()].map((name) => `${name}@example.com`);
  expect(idsOf(await lookup(there!, { email: first }))).toEqual([]);
  const created = await here!.send('POST', '/contacts', { contact: { firstName: 'Ada', email: first } });
  expect({ status: created.status, text: created.text }).toMatchObject({ status: 201 });
  const { id } = created.json().data;
  expect(created.headers['location']).toBe(`/contacts/${id}`);
  expect(idsOf(await lookup(there!, { email: first }))).toEqual([id]);
  expect(idsOf(await lookup(there!, { email: second }))).toEqual([]);
  const change = { contact: { email: second } };
  expect((await here!.send('PATCH', `/contacts/${id}`, change)).status).toBe(204);
  expect(idsOf(await lookup(there!, { email: second }))).toEqual([id]);
  expect(idsOf(await lookup(there!, { email: first }))).toEqual([]);
});

test('finds a contact by a value that the CRM has changed since the contact was cached', async () => {
  const { id, owner } = await world.contact();
  const client = world.client(owner);
  const { email } = (await client.get(`/contacts/${id}`)).json().data.contact;
  expect(idsOf(await lookup(client, { email }))).toEqual([id]);
  for (const _round of [1, 2]) {
    const changed = `${crypto.randomUUID()}@example.com`;
    await world.fleet.sandbox.patchContact(id, { contact: { contact_email: changed } });
    expect(idsOf(await lookup(client, { email: changed }, '?include=notes'))).toEqual([id]);
    expect((await client.get(`/contacts/${id}`)).json().data.contact.email).toBe(changed);
  }
});

test('reads a contact that does not match once', async () => {
  const { id, owner } = await world.contact();
  const client = world.client(owner);
  const { email } = (await client.get(`/contacts/${id}`)).json().data.contact;
  await world.fleet.members[0]!.invalidate(id);
  const before = (await world.calls('fetchContact', id)).length;
  expect(idsOf(await lookup(client, { email: email.slice(1) }))).toEqual([]);
  expect(await world.calls('fetchContact', id)).toHaveLength(before + 1);
});

test('creating a contact that exists is 409 CONTACT_EXISTS, or changes it', async () => {
  const [member] = world.fleet.org.members;
  const client = world.client(member!, ANY_SCOPE);
  const email = `${crypto.randomUUID()}@example.com`;
  const { id } = (await client.send('POST', '/contacts', { contact: { firstName: 'Ada', email } })).json()
    .data;
  const again = await client.send('POST', '/contacts', { contact: { firstName: 'Eva', email } });
  expectProblem(again, 409, 'CONTACT_EXISTS');
  const update = { contact: { firstName: 'Eva', email }, onExisting: 'update' };
  const updated = await client.send('POST', '/contacts', update);
  expect({ status: updated.status, id: updated.json().data.id }).toEqual({ status: 200, id });
  expect((await client.get(`/contacts/${id}`)).json().data.contact.firstName).toBe('Eva');
});

test('leaves it to the CRM whether a contact needs the value that existing ones are matched by', async () => {
  const [member] = world.fleet.org.members;
  const client = world.client(member!, ANY_SCOPE);
  const contact = { firstName: 'Ada', lastName: 'Lovelace' };
  const refused = await client.send('POST', '/contacts', { contact });
  expectProblem(refused, 422, 'UPSTREAM_REFUSED');
  expect(refused.json().outcome).toBe('none');
  const update = await client.send('POST', '/contacts', { contact, onExisting: 'update' });
  expectProblem(update, 400, 'INVALID_BODY');
  expect(update.json().detail).toContain('contact.email');
});

test.each<[string, unknown, string]>([
  ['no key', {}, 'INVALID_LOOKUP'],
  ['two keys', { email: 'a@example.com', phone: '12345' }, 'INVALID_LOOKUP'],
  ['a short text', { text: 'ab' }, 'INVALID_LOOKUP'],
  ['a long text', { text: 'x'.repeat(201) }, 'INVALID_LOOKUP'],
  ['a blank address', { email: ' ' }, 'INVALID_LOOKUP'],
  ['a long address', { email: 'x'.repeat(255) }, 'INVALID_LOOKUP'],
  ['no digits', { phone: 'none' }, 'INVALID_LOOKUP'],
  ['another type', { email: 7 }, 'INVALID_BODY'],
  ['an unknown member', { name: 'x' }, 'INVALID_BODY'],
])('rejects %s', async (_what, body, code) => {
  const [member] = world.fleet.org.members;
  const answer = await lookup(world.client(member!), body);
  expectProblem(answer, 400, code);
});

test.each([
  ['?include=photos', 'INVALID_INCLUDE'],
  ['?fields[deal]=name', 'INVALID_FIELDS'],
])('rejects the query %s', async (query, code) => {
  const [member] = world.fleet.org.members;
  expectProblem(await lookup(world.client(member!), { email: 'a@example.com' }, query), 400, code);
});

test('a message of the CRM that is not documented is a refusal, of a lookup and of the list of members', async () => {
  const { sandbox, org } = world.fleet;
  const client = world.client(org.members[0]!);
  await sandbox.setFaults({ mode: 'unknown-message', phase: 'before' });
  try {
    const email = `${crypto.randomUUID()}@example.com`;
    expectProblem(await lookup(client, { email }), 422, 'UPSTREAM_REFUSED');
    expectProblem(await client.get('/members'), 422, 'UPSTREAM_REFUSED');
  } finally {
    await sandbox.clearFaults();
  }
  expect((await client.get('/members')).status).toBe(200);
});

test('no log line, URL or Redis key holds the value', async () => {
  const [member] = world.fleet.org.members;
  const email = `findme-${crypto.randomUUID()}@example.com`;
  const answer = await lookup(world.client(member!), { email });
  const id = String(answer.headers['x-request-id']);
  const [first] = world.fleet.members;
  await waitFor('the log line of the lookup', () => first!.program.stdout().includes(id));
  for (const { program } of world.fleet.members) expect(program.stdout()).not.toContain('findme-');
  const keys = await world.redis.cli('KEYS', '*');
  expect(keys).toContain('lookup');
  expect(keys).not.toContain('findme-');
});
