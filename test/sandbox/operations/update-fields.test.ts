import {
  COLLEAGUE,
  FETCH_CONTACT,
  OTHER_ORG,
  postTo,
  refused,
  REQUEST,
  startSandboxServers,
  UPDATE_FIELDS,
} from '../../support/sandbox-servers.ts';
import type { SandboxServers } from '../../support/sandbox-servers.ts';
import type { Json } from '../../support/http.ts';
import { entityOf } from '../../../src/sandbox/entities.ts';

let sandbox: SandboxServers;
beforeAll(async () => void (sandbox = await startSandboxServers()));
afterAll(() => sandbox?.stop());
beforeEach(() => sandbox.state.restoreWorld());

const { member_id: _member, ...TARGET } = REQUEST;
const DONE = { status: 'success' };
const update = (fields: unknown, change: object = {}): Promise<Json> =>
  postTo(sandbox, UPDATE_FIELDS, { ...TARGET, fields, ...change });
const read = async (): Promise<Json> =>
  (await postTo(sandbox, FETCH_CONTACT, { ...REQUEST, include_entity: 1 })).data;
const recordOf = (id: string) => sandbox.state.world.contacts.get(id)!;

test.each([
  ['MISSING_API_KEY', { api_key: '' }, 'Missing service instance'],
  ['MISSING_DEVELOPER_SECRET', { developer_secret: '' }, 'Missing developer_secret'],
  ['MISSING_ORG_ID', { org_id: '' }, 'Missing org ID'],
  ['MISSING_CONTACT_ID without contact and entity', { contact_id: '' }, 'Missing contact ID'],
  ['MISSING_FIELDS', { fields: undefined }, 'Missing fields'],
  ['INVALID_FIELDS for an empty object', { fields: {} }, 'Invalid fields'],
  ['INVALID_FIELDS for a list', { fields: ['city'] }, 'Invalid fields'],
  ['NOT_FOUND for an unknown contact', { contact_id: crypto.randomUUID() }, 'No such contact'],
  ['NOT_FOUND for another organization', { org_id: OTHER_ORG }, 'No such contact'],
  ['READ_ONLY_FIELD', { fields: { city: 'Oslo', dateCreated: '' } }, 'Field cannot be changed'],
  ['ENTITY_NOT_FOUND', { entity_id: crypto.randomUUID() }, 'No such entity'],
])('refuses with %s and changes nothing', async (_code, change, message) => {
  const before = await read();
  expect(await update({ city: 'Oslo' }, change)).toEqual(refused(message));
  expect(await read()).toEqual(before);
});

test('returns the field reference for help, without credentials', async () => {
  const { data, status } = await postTo(sandbox, UPDATE_FIELDS, { help: true });
  expect(status).toBe('success');
  expect(data.contact).toMatchObject({
    primaryEmail: 'text',
    stageId: 'text',
    tags: 'list',
    customFields: 'object',
  });
  expect(Object.keys(data.contact)).not.toContain('id');
  expect(data.entity).toMatchObject({ entityName: 'text', entityTags: 'list' });
  expect(await postTo(sandbox, UPDATE_FIELDS, { help: 1 })).toEqual(refused('Missing service instance'));
});

test('does not count a request for the field reference as carried out', async () => {
  sandbox.state.calls.reset();
  await postTo(sandbox, UPDATE_FIELDS, { help: true });
  expect(sandbox.state.calls.report()).toMatchObject({ count: 1, carriedOut: {} });
  expect(sandbox.state.calls.report().calls[0]).toMatchObject({ outcome: 'success', carriedOut: false });
});

test('replaces values, merges tags and custom fields, and stores unknown fields', async () => {
  const fields = {
    primaryEmail: 'jane@example.com',
    smsOptout: 1,
    dnc: true,
    zip: 94_107,
    source: null,
    tags: ['prospect', 'vip'],
    customFields: { cf_size: 'XL' },
    shoeSize: '39',
  };
  expect(await update(fields)).toEqual(DONE);
  const { contact } = await read();
  expect(contact).toMatchObject({
    contact_email: 'jane@example.com',
    contact_sms_optout: '1',
    contact_dnc: '1',
    contact_zip: '94107',
    contact_source: '',
    contact_tags: '["prospect","webinar-attendee","vip"]',
    contact_custom_fields: '{"industry":"Technology","cf_size":"XL"}',
    contact_shoe_size: '39',
    contact_city: 'San Francisco',
  });
  expect(contact.contact_date_updated).not.toBe('2025-03-20 14:22:00');
});

test('the name of a contact follows its first and last name', async () => {
  await update({ lastName: 'Miller' });
  expect((await read()).contact.contact_name).toBe('Jane Miller');
  await update({ lastName: 'Smith', name: 'J. Smith' });
  expect((await read()).contact.contact_name).toBe('J. Smith');
});

test('a contact that is hidden can be changed, because the operation does not take a member', async () => {
  const { contacts } = sandbox.state.world;
  contacts.set(REQUEST.contact_id, { ...recordOf(REQUEST.contact_id), hidden: true });
  expect(await update({ owner: COLLEAGUE }, { member_id: COLLEAGUE })).toEqual(DONE);
});

/** Two contacts of the same organization whose company has the same name. */
function sharing(): [one: string, other: string] {
  const byEntity = Map.groupBy(
    [...sandbox.state.world.contacts].filter(([, { org }]) => org === REQUEST.org_id),
    ([, record]) => entityOf(record)?.id,
  );
  byEntity.delete(undefined);
  const [one, other] = [...byEntity.values()].find((records) => records.length > 1)!;
  return [one![0], other![0]];
}
const entity = (id: string) => recordOf(id).entity as Record<string, string>;

describe('entities', () => {
  test('a change of the company shows in every contact that shares it, also after a new name', async () => {
    const [contact_id, other] = sharing();
    await update({ entityName: 'New Name', website: 'https://example.org' }, { contact_id });
    for (const id of [contact_id, other])
      expect(entity(id)).toMatchObject({ entity_name: 'New Name', entity_website: 'https://example.org' });
    await update({ location: 'Oslo' }, { contact_id: other });
    expect(entity(contact_id)['entity_location']).toBe('Oslo');
    expect(recordOf(contact_id).contact['contact_name']).not.toBe('New Name');
  });

  test('entity_id changes an entity alone, by the names of its fields', async () => {
    const [contact_id, other] = sharing();
    const { id: entity_id } = entityOf(recordOf(contact_id))!;
    const change = { contact_id: undefined, entity_id: entity_id.toUpperCase() };
    expect(await update({ name: 'Other Name', tags: ['key'] }, change)).toEqual(DONE);
    expect(entity(other)['entity_name']).toBe('Other Name');
    expect(entity(other)['entity_tags']).toContain('"key"');
    expect(await update({ name: 'x' }, { ...change, org_id: OTHER_ORG })).toEqual(refused('No such contact'));
  });

  test('a contact without a company refuses fields of one', async () => {
    const [contact_id] = [...sandbox.state.world.contacts].find(
      ([, { org, entity: company }]) => org === REQUEST.org_id && company === null,
    )!;
    expect(await update({ website: 'https://example.org' }, { contact_id })).toEqual(
      refused('No such entity'),
    );
  });
});
