import {
  COLLEAGUE,
  CREATE_CONTACT,
  FETCH_CONTACT,
  ORG,
  OTHER_ORG,
  OWNER,
  postTo,
  refused,
  REQUEST,
  startSandboxServers,
  STRANGER,
} from '../../support/sandbox-servers.ts';
import type { SandboxServers } from '../../support/sandbox-servers.ts';
import type { Json } from '../../support/http.ts';

let sandbox: SandboxServers;
beforeAll(async () => void (sandbox = await startSandboxServers()));
afterAll(() => sandbox?.stop());
beforeEach(() => sandbox.state.restoreWorld());

const ADA = { firstName: 'Ada', lastName: 'Byron', primaryEmail: 'ada.byron@example.com' };
const { contact_id: _contact, ...BASE } = REQUEST;
const create = (change: object = {}): Promise<Json> =>
  postTo(sandbox, CREATE_CONTACT, { ...BASE, contact: ADA, ...change });
const read = async (contact_id: string, member_id = OWNER): Promise<Json> =>
  (await postTo(sandbox, FETCH_CONTACT, { ...REQUEST, member_id, contact_id, include_entity: 1 })).data;
const count = () => sandbox.state.world.contacts.size;

test.each([
  ['MISSING_API_KEY', { api_key: '' }, 'Missing service instance'],
  ['MISSING_ORG_ID', { org_id: '' }, 'Missing org ID'],
  ['MISSING_MEMBER_ID', { member_id: '' }, 'Missing member ID'],
  ['MISSING_CONTACT', { contact: undefined }, 'Missing contact'],
  ['INVALID_CONTACT', { contact: [] }, 'Invalid contact'],
  ['INVALID_MODE', { mode: 'merge' }, 'Invalid mode'],
  ['INVALID_MEMBER', { member_id: STRANGER }, 'No such member'],
  [
    "INVALID_MEMBER for another account's organization",
    { org_id: OTHER_ORG, member_id: STRANGER },
    'No such member',
  ],
  ['MISSING_LOOKUP_VALUE', { lookup_by: 'phone' }, 'Missing lookup value'],
  ['READ_ONLY_FIELD', { contact: { ...ADA, id: OWNER } }, 'Field cannot be changed'],
  ['NOT_FOUND for update', { mode: 'update' }, 'No such contact'],
])('refuses with %s and creates nothing', async (_code, change, message) => {
  const before = count();
  expect(await create(change)).toEqual(refused(message));
  expect(count()).toBe(before);
});

test.each(['insert', 'upsert', undefined])('mode %s inserts a contact of the member', async (mode) => {
  const { data, status } = await create({ mode, member_id: COLLEAGUE, debug: true });
  expect(status).toBe('success');
  expect(Object.keys(data)).toEqual(['contact_id', 'entity_id']);
  const { contact } = await read(data.contact_id);
  expect(Object.keys(contact).toSorted()).toEqual(
    Object.keys((await read(REQUEST.contact_id)).contact).toSorted(),
  );
  expect(contact).toMatchObject({
    contact_id: data.contact_id,
    contact_name: 'Ada Byron',
    contact_email: ADA.primaryEmail,
    contact_owner: COLLEAGUE,
    contact_dnc: '0',
    contact_tags: '[]',
    contact_custom_fields: '{}',
  });
});

test('the mode insert refuses a contact that exists', async () => {
  await create();
  const before = count();
  const contact = { ...ADA, primaryEmail: ADA.primaryEmail.toUpperCase() };
  expect(await create({ mode: 'insert', contact })).toEqual(refused('Contact already exists'));
  expect(count()).toBe(before);
});

test.each(['update', 'upsert'])('mode %s changes a contact that exists and keeps its owner', async (mode) => {
  const { data } = await create();
  const contact = { ...ADA, roleLabel: 'Champion', tags: ['vip'] };
  expect((await create({ mode, contact, member_id: COLLEAGUE })).data).toEqual(data);
  expect((await read(data.contact_id)).contact).toMatchObject({
    contact_role_label: 'Champion',
    contact_tags: '["vip"]',
    contact_owner: OWNER,
  });
});

test.each([
  ['phone', { primaryPhone: '+1 (555) 0123' }, {}],
  ['contact_id', {}, { contact_id: REQUEST.contact_id.toUpperCase() }],
])('lookup_by %s finds the contact', async (lookup_by, fields, change) => {
  const contact = { ...fields, roleLabel: 'Champion' };
  const { data } = await create({ mode: 'update', lookup_by, contact, ...change });
  expect(data.contact_id).toBe(REQUEST.contact_id);
});

test('a contact that is hidden from the member is not found, and its owner finds it', async () => {
  const { contacts } = sandbox.state.world;
  const record = contacts.get(REQUEST.contact_id)!;
  contacts.set(REQUEST.contact_id, { ...record, hidden: true });
  const body = { mode: 'update', lookup_by: 'contact_id', contact_id: REQUEST.contact_id };
  expect(await create({ ...body, member_id: COLLEAGUE })).toEqual(refused('No such contact'));
  expect((await create(body)).data.contact_id).toBe(REQUEST.contact_id);
});

describe('the entity', () => {
  test('is made of the name of the contact if none is named', async () => {
    const { data } = await create();
    expect((await read(data.contact_id)).entity).toMatchObject({ entity_name: 'Ada Byron' });
    expect(data.entity_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is left out with skip_entity', async () => {
    const { data } = await create({ skip_entity: 1, entity: { name: 'Acme Corp' } });
    expect(data.entity_id).toBeNull();
    expect((await read(data.contact_id)).entity).toBeNull();
  });

  test('is the named one, with its fields, and the same for two contacts', async () => {
    const entity = {
      name: 'Engines Ltd',
      label: 'Partner',
      status: 'Active',
      website: 'https://example.com',
    };
    const first = (await create({ entity })).data;
    const contact = { firstName: 'Mary', primaryEmail: 'mary@example.com' };
    const second = (
      await create({ contact, entity: { name: 'Engines Ltd', website: 'https://example.org' } })
    ).data;
    expect(second.entity_id).toBe(first.entity_id);
    for (const { contact_id } of [first, second])
      expect((await read(contact_id)).entity).toMatchObject({
        entity_name: 'Engines Ltd',
        entity_label: 'Partner',
        entity_status: 'Active',
        entity_website: 'https://example.org',
      });
  });

  test('of an existing contact stays unless another is named', async () => {
    const body = { mode: 'update', lookup_by: 'contact_id', contact_id: REQUEST.contact_id, org_id: ORG };
    await create({ ...body, contact: { city: 'Oslo' } });
    expect((await read(REQUEST.contact_id)).entity).toMatchObject({ entity_name: 'Acme Corp' });
    await create({ ...body, contact: { city: 'Oslo' }, entity: { name: 'Engines Ltd' } });
    expect((await read(REQUEST.contact_id)).entity).toMatchObject({ entity_name: 'Engines Ltd' });
  });
});
