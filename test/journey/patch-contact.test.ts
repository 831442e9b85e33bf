import { PART } from '../../src/contact/parts/index.ts';
import { shapedNames } from '../../src/contact/shape/shape-fields.ts';
import type { Json } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { ANY_SCOPE, startWriteWorld, type WriteWorld } from '../support/write-world.ts';

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld(3);
});
afterAll(() => world?.stop());

const valueOf = (kind: string): Json =>
  ({ flag: true, list: { add: ['added'] }, object: { industry: 'Shipping' }, text: 'changed' })[kind];

/** Every field of a part that a caller may change, with a new value and the value that GET then returns. */
function changes(part: 'contact' | 'entity') {
  const { fields } = PART[part].table!;
  return [...shapedNames(PART[part].table!)].flatMap(([name, shaped]) => {
    const { kind, write } = fields[name]!;
    return write === undefined ? [[part, shaped, valueOf(kind)] as const] : [];
  });
}

test.each([...changes('contact'), ...changes('entity')])(
  '%s.%s makes the round trip',
  async (part, name, value) => {
    const { id, owner } = await world.contact();
    const client = world.client(owner);
    await client.get(`/contacts/${id}?include=entity`);
    const answer = await client.send('PATCH', `/contacts/${id}`, { [part]: { [name]: value } });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    const { data } = (await client.get(`/contacts/${id}?include=entity`)).json();
    const now = data[part][name];
    if (value?.add) expect(now).toEqual(expect.arrayContaining(value.add));
    else if (typeof value === 'object') expect(now).toMatchObject(value);
    else expect(now).toBe(value);
  },
);

test('accepts a merge patch, and a field without a descriptor', async () => {
  const { id, owner } = await world.contact();
  const headers = { 'content-type': 'application/merge-patch+json' };
  const body = { contact: { favouriteColour: 'green' } };
  expect((await world.client(owner).send('PATCH', `/contacts/${id}`, body, { headers })).status).toBe(204);
});

test.each<[string, unknown]>([
  ['id', { contact: { id: crypto.randomUUID() } }],
  ['dateCreated', { contact: { dateCreated: '2025-01-01T00:00:00Z' } }],
  ['dateUpdated', { contact: { dateUpdated: '2025-01-01T00:00:00Z' } }],
  ['owner', { contact: { owner: crypto.randomUUID() } }],
  ['contact_owner', { contact: { contact_owner: crypto.randomUUID() } }],
  ['entityId', { entity: { entityId: crypto.randomUUID() } }],
  ['entity.dateCreated', { entity: { dateCreated: '2025-01-01T00:00:00Z' } }],
  ['entity.entity_date_updated', { entity: { entity_date_updated: '2025-01-01T00:00:00Z' } }],
  ['entity.owner', { entity: { owner: crypto.randomUUID() } }],
  ['contact.entityDateCreated', { contact: { entityDateCreated: '2025-01-01T00:00:00Z' } }],
  ['tags', { contact: { tags: ['vip'] } }],
  ['city', { contact: { city: null } }],
  ['emailOptout', { contact: { emailOptout: '1' } }],
  ['contact', { contact: {} }],
  ['notes', { notes: [] }],
  ['contact or entity', {}],
  ['primaryEmail', { contact: { email: 'a@example.com', primaryEmail: 'b@example.com' } }],
  ['entityName', { contact: { entityName: 'One' }, entity: { name: 'Two' } }],
])('rejects a wrong %s with 400 INVALID_BODY', async (name, body) => {
  const { id, owner } = await world.contact();
  const answer = await world.client(owner).send('PATCH', `/contacts/${id}`, body);
  expectProblem(answer, 400, 'INVALID_BODY');
  expect(answer.json().detail).toContain(name);
  expect(await world.calls('updateFieldData', id)).toEqual([]);
});

test('POST /contacts rejects the read-only fields of a company, too', async () => {
  const { owner } = await world.contact();
  const contact = { firstName: 'Ada', email: `${crypto.randomUUID()}@example.com` };
  for (const name of ['dateCreated', 'date_updated', 'owner', 'entityId']) {
    const body = { contact, entity: { name: 'Acme Corp', [name]: 'x' } };
    const answer = await world.client(owner).send('POST', '/contacts', body);
    expectProblem(answer, 400, 'INVALID_BODY');
    expect(answer.json().detail).toContain(`entity.${name}`);
  }
  expect(await world.calls('addContactsFull')).toEqual([]);
});

test('the owner can be changed with the scope for any contact', async () => {
  const { id, other } = await world.contact();
  const body = { contact: { owner: other } };
  expect((await world.client(other, ANY_SCOPE).send('PATCH', `/contacts/${id}`, body)).status).toBe(204);
  expect((await world.client(other).get(`/contacts/${id}`)).json().data.contact.owner).toBe(other);
});

test('415 of PATCH names the accepted types in Accept-Patch', async () => {
  const { id, owner } = await world.contact();
  const answer = await world.client(owner).send(
    'PATCH',
    `/contacts/${id}`,
    {},
    {
      headers: { 'content-type': 'text/plain' },
    },
  );
  expectProblem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE');
  expect(answer.headers['accept-patch']).toBe('application/json, application/merge-patch+json');
});

test('of 50 conditional changes with one entity tag over three processes, exactly one succeeds', async () => {
  const { id, owner } = await world.contact();
  const etag = String((await world.client(owner).get(`/contacts/${id}`)).headers['etag']);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      world.client(owner, undefined, world.fleet.members[index % 3]).send(
        'PATCH',
        `/contacts/${id}`,
        { contact: { city: `City ${index}` } },
        {
          headers: { 'if-match': etag },
        },
      ),
    ),
  );
  const statuses = Map.groupBy(answers, ({ status }) => status);
  expect(statuses.get(204)).toHaveLength(1);
  expect(statuses.get(412)).toHaveLength(49);
  for (const answer of statuses.get(412)!) {
    expectProblem(answer, 412, 'PRECONDITION_FAILED');
    expect(answer.headers['etag']).toBeDefined();
  }
  expect((await world.calls('updateFieldData', id)).length).toBe(1);
});

test('If-Match accepts the tag of a compressed response, and a current tag after a change', async () => {
  const { id, owner } = await world.contact();
  const client = world.client(owner);
  for (const city of ['Oslo', 'Rome']) {
    const read = await client.get(`/contacts/${id}`, { headers: { 'accept-encoding': 'br' } });
    const headers = { 'if-match': String(read.headers['etag']) };
    const answer = await client.send('PATCH', `/contacts/${id}`, { contact: { city } }, { headers });
    expect(answer.status).toBe(204);
  }
});
