import {
  ADD_NOTE,
  COLLEAGUE,
  FETCH_CONTACT,
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

const NOTE = { ...REQUEST, note: 'Call on Monday' };
const add = (change: object = {}): Promise<Json> => postTo(sandbox, ADD_NOTE, { ...NOTE, ...change });

/** Returns the contents of the notes that a member sees in fetchContact. */
async function seenBy(member_id: string): Promise<string[]> {
  const { data } = await postTo(sandbox, FETCH_CONTACT, { ...REQUEST, member_id, include_notes: 1 });
  return data.notes.map((note: Json) => note.note_content);
}

/** Makes another member the owner of the contact. */
function giveTo(owner: string): void {
  const { contacts } = sandbox.state.world;
  const record = contacts.get(REQUEST.contact_id)!;
  contacts.set(REQUEST.contact_id, { ...record, contact: { ...record.contact, contact_owner: owner } });
}

test.each([
  ['MISSING_API_KEY', { api_key: '' }, 'Missing service instance'],
  ['MISSING_DEVELOPER_SECRET', { developer_secret: '' }, 'Missing developer_secret'],
  ['MISSING_CONTACT_ID', { contact_id: '' }, 'Missing contact ID'],
  ['MISSING_ORG_ID', { org_id: '' }, 'Missing org ID'],
  ['MISSING_MEMBER_ID', { member_id: '' }, 'Missing member ID'],
  ['MISSING_NOTE', { note: '' }, 'Missing note'],
  ['NOT_FOUND for an unknown contact', { contact_id: crypto.randomUUID() }, 'No such contact'],
  ['NOT_FOUND for another organization', { org_id: OTHER_ORG, member_id: STRANGER }, 'No such contact'],
  ['NOT_OWNER for a colleague', { member_id: COLLEAGUE }, 'Member is not the contact owner'],
  ['NOTE_NOT_FOUND', { note_id: crypto.randomUUID() }, 'No such note'],
])('refuses with %s and adds nothing', async (_code, change, message) => {
  const before = await seenBy(OWNER);
  expect(await add(change)).toEqual(refused(message));
  expect(await seenBy(OWNER)).toEqual(before);
});

test('a contact that is hidden from the member does not exist for it', async () => {
  const { contacts } = sandbox.state.world;
  contacts.set(REQUEST.contact_id, { ...contacts.get(REQUEST.contact_id)!, hidden: true });
  expect(await add({ member_id: COLLEAGUE })).toEqual(refused('No such contact'));
});

test('a note is private by default: its author alone sees it', async () => {
  const { data } = await add();
  expect(data).toEqual({
    note_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    note_content: NOTE.note,
    note_visibility: '0',
    note_editable: '0',
  });
  expect(await seenBy(OWNER)).toContain(NOTE.note);
  expect(await seenBy(COLLEAGUE)).not.toContain(NOTE.note);
  giveTo(COLLEAGUE);
  expect(await seenBy(COLLEAGUE)).not.toContain(NOTE.note);
});

test('every member sees a note with note_visibility 1', async () => {
  expect((await add({ note_visibility: 1, note_editable: 1 })).data).toMatchObject({
    note_visibility: '1',
    note_editable: '1',
  });
  expect(await seenBy(COLLEAGUE)).toContain(NOTE.note);
});

test('note_id replaces that note and keeps its author and time', async () => {
  const { data } = await add({ note_visibility: 1 });
  const { note_id } = data;
  expect((await add({ note_id, note: 'Call on Tuesday', note_visibility: 1 })).data.note_id).toBe(note_id);
  expect(await seenBy(COLLEAGUE)).toContain('Call on Tuesday');
  expect(await seenBy(COLLEAGUE)).not.toContain(NOTE.note);
});

test('a new owner may update only the notes of others that are editable', async () => {
  const fixed = (await add()).data.note_id;
  const editable = (await add({ note_editable: 1 })).data.note_id;
  giveTo(COLLEAGUE);
  expect(await add({ member_id: COLLEAGUE, note_id: fixed })).toEqual(refused('Note is not editable'));
  expect((await add({ member_id: COLLEAGUE, note_id: editable })).status).toBe('success');
});

test.each([
  '  spaces  ',
  'a\r\nb\u0000\u2028',
  '\ud800 alone',
  '<script>',
  'é \u0065\u0301',
  '👩‍👩‍👧'.repeat(1000),
])('keeps %j as it is', async (note) => {
  expect((await add({ note })).data.note_content).toBe(note);
  expect((await seenBy(OWNER)).at(-1)).toBe(note);
});
