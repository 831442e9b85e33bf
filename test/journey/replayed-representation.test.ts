import { ALL_SCOPES, newKey, startWriteWorld, type WriteWorld } from '../support/write-world.ts';

const REPRESENTATION = { prefer: 'return=representation' };
const LONG = 'A long note. '.repeat(700);

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld();
});
afterAll(() => world?.stop());

/** Returns a contact whose representation with notes is larger than a record of an idempotency key may be. */
async function largeContact() {
  const contact = await world.contact();
  const client = world.client(contact.owner);
  for (let note = 0; note < 8; note += 1)
    expect((await client.send('POST', `/contacts/${contact.id}/notes`, { content: LONG })).status).toBe(201);
  return { ...contact, client };
}

test('a repeat of a change with a large representation does not change the contact again', async () => {
  const { id, client } = await largeContact();
  const headers = { ...newKey(), ...REPRESENTATION };
  const change = () =>
    client.send('PATCH', `/contacts/${id}?include=notes`, { contact: { city: 'Bergen' } }, { headers });
  const first = await change();
  expect(first.status).toBe(200);
  expect(first.text.length).toBeGreaterThan(64 * 1024);
  await client.send('PATCH', `/contacts/${id}`, { contact: { city: 'Oslo' } });
  const calls = (await world.calls('updateFieldData', id)).length;
  const repeat = await change();
  expect([repeat.status, repeat.headers['idempotency-replayed']]).toEqual([200, 'true']);
  expect(repeat.headers['preference-applied']).toBe('return=representation');
  expect(repeat.json().data.notes).toHaveLength(first.json().data.notes.length);
  expect(await world.calls('updateFieldData', id)).toHaveLength(calls);
  expect((await client.get(`/contacts/${id}`)).json().data.contact.city).toBe('Oslo');
});

test('a repeat of an activity with a large representation is answered as the first one', async () => {
  const { id, client } = await largeContact();
  const headers = { ...newKey(), ...REPRESENTATION };
  const log = () =>
    client.send(
      'POST',
      `/contacts/${id}/activities?include=notes`,
      { type: 'call', data: 'Spoke.' },
      { headers },
    );
  const first = await log();
  const repeat = await log();
  expect([first.status, repeat.status, repeat.headers['idempotency-replayed']]).toEqual([200, 200, 'true']);
  expect(await world.calls('addCommsHistory', id)).toHaveLength(1);
});

test('a token that may not read gets a repeat without the representation', async () => {
  const { id, owner } = await world.contact();
  const headers = newKey();
  const path = `/contacts/${id}/notes?include=notes`;
  const withScope = (scope: string) => {
    const token = world.fleet.token(owner, { scope, sub: 'one-subject' });
    return (more: Readonly<Record<string, string>>) =>
      world.fleet.members[0]!.get(path, {
        token,
        method: 'POST',
        body: JSON.stringify({ content: 'Once' }),
        headers: { 'content-type': 'application/json', ...headers, ...more },
      });
  };
  const first = await withScope(ALL_SCOPES)(REPRESENTATION);
  expect(Object.keys(first.json().data)).toContain('notes');
  const repeat = await withScope('notes:write')({});
  expect([repeat.status, repeat.headers['idempotency-replayed']]).toEqual([201, 'true']);
  expect(repeat.headers['preference-applied']).toBeUndefined();
  expect(repeat.json().data).toMatchObject({ content: 'Once' });
  expect(await world.calls('addNotestoContact', id)).toHaveLength(1);
});
