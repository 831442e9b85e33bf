import {
  LOOKUP_CONTACT,
  ORG,
  OTHER_ORG,
  postTo,
  refused,
  REQUEST,
  startSandboxServers,
} from '../../support/sandbox-servers.ts';
import type { SandboxServers } from '../../support/sandbox-servers.ts';
import type { Json } from '../../support/http.ts';

let sandbox: SandboxServers;
beforeAll(async () => void (sandbox = await startSandboxServers()));
afterAll(() => sandbox?.stop());
beforeEach(() => sandbox.state.restoreWorld());

const BASE = { api_key: REQUEST.api_key, developer_secret: REQUEST.developer_secret, org_id: ORG };
const lookup = (search_string: unknown, change: object = {}): Promise<Json> =>
  postTo(sandbox, LOOKUP_CONTACT, { ...BASE, search_string, ...change });

/** Changes the record of the reference contact. */
function change(changes: object, fields: object = {}): void {
  const { contacts } = sandbox.state.world;
  const record = contacts.get(REQUEST.contact_id)!;
  contacts.set(REQUEST.contact_id, { ...record, ...changes, contact: { ...record.contact, ...fields } });
}

test.each([
  ['MISSING_API_KEY', { api_key: '' }, 'Missing service instance'],
  ['INVALID_DEVELOPER_SECRET', { developer_secret: 'zdk_wrong' }, 'Invalid developer_secret'],
  ['MISSING_ORG_ID', { org_id: '' }, 'Missing org ID'],
  ['MISSING_SEARCH_STRING', { search_string: '' }, 'Missing search string'],
  ['NOT_FOUND if nothing matches', { search_string: 'no such text' }, 'No such contact'],
  ["NOT_FOUND for another account's organization", { org_id: OTHER_ORG }, 'No such contact'],
])('refuses with %s', async (_code, wrong, message) => {
  expect(await lookup('jane', wrong)).toEqual(refused(message));
});

test.each([
  ['the contact id', REQUEST.contact_id.slice(0, 18)],
  ['the first name', 'first-name'],
  ['the last name', 'last-name'],
  ['the role label', 'role-label'],
  ['the primary e-mail address', 'one@example.com'],
  ['the secondary e-mail address', 'two@example.com'],
  ['the primary phone number', '555-7001'],
  ['the secondary phone number', '555-7002'],
  ['the name of the company', 'some company'],
])('matches a part of %s in any case', async (_name, text) => {
  change(
    { entity: { entity_name: 'Some Company' } },
    {
      contact_first_name: 'First-Name',
      contact_last_name: 'Last-Name',
      contact_role_label: 'Role-Label',
      contact_email: 'One@Example.com',
      contact_secondary_email: 'Two@Example.com',
      contact_phone: '+1-555-7001',
      contact_secondary_phone: '+1-555-7002',
    },
  );
  expect((await lookup(text)).data.contact.contact_id).toBe(REQUEST.contact_id);
  expect((await lookup(text.toUpperCase())).data.contact.contact_id).toBe(REQUEST.contact_id);
});

test('does not match other fields', async () => {
  change({}, { contact_city: 'Somewhere-Else' });
  expect(await lookup('somewhere-else')).toEqual(refused('No such contact'));
});

test('returns the first match of the organization', async () => {
  const first = [...sandbox.state.world.contacts.values()].find(
    ({ org, contact }) => org === ORG && String(contact['contact_role_label']) === 'Champion',
  );
  expect((await lookup('champion')).data.contact).toEqual(first!.contact);
});

test('returns every part, private notes of other members and hidden contacts', async () => {
  const note = { maker: 'someone-else', content: 'private', created: '2025-01-01 10:00:00', private: true };
  change({ hidden: true, notes: [note] });
  const { data } = await lookup('jane');
  expect(Object.values(data)).not.toContain(null);
  expect(data.notes).toMatchObject([{ note_content: 'private' }]);
});
