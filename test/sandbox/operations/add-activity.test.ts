import request from 'supertest';
import {
  ADD_ACTIVITY,
  COLLEAGUE,
  OTHER_ORG,
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

const ACTIVITY = { ...REQUEST, comms_type: 'call', comms_data: 'Asked for a quote' };
const add = (change: object = {}): Promise<Json> => postTo(sandbox, ADD_ACTIVITY, { ...ACTIVITY, ...change });
async function stored(): Promise<Json> {
  const { body } = await request(sandbox.control).get(`/contacts/${REQUEST.contact_id}`).expect(200);
  return body.activities ?? [];
}

test.each([
  ['MISSING_API_KEY', { api_key: '' }, 'Missing service instance'],
  ['MISSING_CONTACT_ID', { contact_id: '' }, 'Missing contact ID'],
  ['MISSING_ORG_ID', { org_id: '' }, 'Missing org ID'],
  ['MISSING_MEMBER_ID', { member_id: '' }, 'Missing member ID'],
  ['MISSING_COMMS_TYPE', { comms_type: '' }, 'Missing comms type'],
  ['MISSING_COMMS_DATA', { comms_data: '' }, 'Missing comms data'],
  [
    'NOT_FOUND for a member of another organization',
    { org_id: OTHER_ORG, member_id: STRANGER },
    'No such contact',
  ],
  ['INVALID_COMMS for a type', { comms_type: 'fax' }, 'Invalid comms type'],
  ['INVALID_COMMS for data', { comms_data: ['text'] }, 'Invalid comms data'],
  ['INVALID_COMMS for a source of 56 characters', { comms_source: 'x'.repeat(56) }, 'Invalid comms source'],
  ['INVALID_COMMS for a status', { comms_status: 'done' }, 'Invalid comms status'],
])('refuses with %s and adds nothing', async (_code, change, message) => {
  expect(await add(change)).toEqual(refused(message));
  expect(await stored()).toEqual([]);
});

test.each(['email', 'sms', 'call', 'message'])(
  'adds a %s; the status is processed by default',
  async (type) => {
    expect(await add({ comms_type: type })).toEqual({ status: 'success' });
    expect(await stored()).toMatchObject([{ type, data: 'Asked for a quote', status: 'processed' }]);
  },
);

test('every member that sees the contact may add, and calls are not merged', async () => {
  const all = {
    comms_data: { minutes: 7 },
    comms_source: '😀'.repeat(55),
    comms_sentiment: 'positive',
    comms_next: 'Send the quote',
    comms_status: 'pending',
  };
  await add({ ...all, member_id: COLLEAGUE });
  await add({ ...all, member_id: COLLEAGUE });
  const activity = {
    member: COLLEAGUE,
    data: all.comms_data,
    source: all.comms_source,
    sentiment: 'positive',
    next: 'Send the quote',
    status: 'pending',
  };
  expect(await stored()).toMatchObject([activity, activity]);
});

test('a contact that is hidden from the member does not exist for it', async () => {
  const { contacts } = sandbox.state.world;
  contacts.set(REQUEST.contact_id, { ...contacts.get(REQUEST.contact_id)!, hidden: true });
  expect(await add({ member_id: COLLEAGUE })).toEqual(refused('No such contact'));
  expect((await add()).status).toBe('success');
});
