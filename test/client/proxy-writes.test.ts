import { createClient, type ClientOptions, type ResponseInfo } from '../../src/client/index.ts';
import { ALL_SCOPES, startWriteWorld, type WriteWorld } from '../support/write-world.ts';

/** Long enough on a busy machine. */
const TIMEOUT_MS = 120_000;

let world: WriteWorld;
beforeAll(async () => void (world = await startWriteWorld(1, { ZYNTRO_BRAND_ID: '101' })));
afterEach(() => world.fleet.sandbox.clearFaults());
afterAll(() => world?.stop());

const clientOf = (member: string, options: Partial<ClientOptions> = {}) =>
  createClient({
    baseUrl: world.fleet.members[0]!.program.url,
    token: world.fleet.token(member, { scope: ALL_SCOPES }),
    timeoutMs: TIMEOUT_MS,
    ...options,
  });

test('addNote adds a note that can be read, and updateNote replaces it', async () => {
  const { id, owner } = await world.contact();
  const client = clientOf(owner);
  const note = await client.addNote(id, { content: 'A note', visible: true });
  expect(note).toEqual({ id: expect.any(String), content: 'A note', visible: true, editable: false });
  const contents = async () => (await client.getPart(id, 'notes'))?.map(({ content }) => content);
  expect(await contents()).toContain('A note');
  await client.updateNote(id, note.id!, { content: 'Another text' });
  expect(await contents()).toContain('Another text');
  expect(await contents()).not.toContain('A note');
});

test('updateContact changes a contact once for each tag, and returns the representation', async () => {
  const { id, owner } = await world.contact();
  const client = clientOf(owner);
  let ifMatch: string | undefined;
  await client.getContact(id, { onResponse: ({ etag }) => (ifMatch = etag) });
  expect(await client.updateContact(id, { contact: { city: 'Oslo' } }, { ifMatch })).toBeUndefined();
  const stale = client.updateContact(id, { contact: { city: 'Rome' } }, { ifMatch });
  const failure = await stale.catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'PRECONDITION_FAILED', outcome: 'none', etag: expect.any(String) });
  const updated = await client.updateContact(
    id,
    { contact: { city: 'Rome', tags: { add: ['vip'] } }, entity: { website: 'https://rome.example' } },
    { ifMatch: (failure as { etag: string }).etag, prefer: 'representation' },
  );
  expect(updated?.contact).toMatchObject({ id, city: 'Rome', tags: expect.arrayContaining(['vip']) });
});

test('lookupContact, createContact, addActivity and getMembers', async () => {
  const { owner } = await world.contact();
  const client = clientOf(owner);
  const email = `${crypto.randomUUID()}@example.com`;
  expect(await client.lookupContact({ email })).toBeNull();
  const { id } = await client.createContact({ contact: { firstName: 'Ada', email }, skipEntity: true });
  const found = await client.lookupContact({ email }, { include: ['notes'], fields: { contact: ['email'] } });
  expect(found).toEqual({ contact: { id, email }, notes: null });
  const again = client.createContact({ contact: { firstName: 'Ada', email } });
  await expect(again).rejects.toMatchObject({ code: 'CONTACT_EXISTS', outcome: 'none' });
  expect(await client.addActivity(id, { type: 'call', data: { seconds: 60 } })).toBeUndefined();
  expect(await world.calls('addCommsHistory', id)).toHaveLength(1);
  expect((await client.getMembers()).map((member) => member.id)).toContain(owner);
});

test('a write whose response is lost is carried out once, and its retry succeeds', async () => {
  const { id, owner } = await world.contact();
  let attempts = 0;
  const losingFetch: typeof fetch = async (url, init) => {
    const response = await fetch(url, init);
    attempts += 1;
    if (attempts > 1) return response;
    await response.arrayBuffer();
    throw new TypeError('the connection was lost');
  };
  const infos: ResponseInfo[] = [];
  const client = clientOf(owner, { fetch: losingFetch, onResponse: (info) => infos.push(info) });
  const note = await client.addNote(id, { content: 'Once' });
  expect(note.content).toBe('Once');
  expect([attempts, infos.map(({ replayed }) => replayed)]).toEqual([2, [true]]);
  expect(await world.calls('addNotestoContact', id)).toHaveLength(1);
});

test('a write whose outcome is unknown is carried out once, and its retry succeeds', async () => {
  const { id, owner } = await world.contact();
  const faults = { mode: 'reset', phase: 'after', calls: 1 } as const;
  await world.fleet.sandbox.setOperationFaults('addNotestoContact', faults);
  const statuses: number[] = [];
  const client = clientOf(owner, { onResponse: ({ status }) => statuses.push(status) });
  await client.addNote(id, { content: 'Checked' });
  expect(statuses).toEqual([503, 201]);
  const carriedOut = (await world.calls('addNotestoContact', id)).filter((call) => call.carriedOut);
  expect(carriedOut).toHaveLength(1);
  const notes = await client.getPart(id, 'notes');
  expect(notes?.filter(({ content }) => content === 'Checked')).toHaveLength(1);
});

test('a member who does not own the contact gets NOT_CONTACT_OWNER', async () => {
  const { id, other } = await world.contact();
  const pending = clientOf(other).addNote(id, { content: 'Not mine' });
  await expect(pending).rejects.toMatchObject({ code: 'NOT_CONTACT_OWNER', outcome: 'none' });
});
