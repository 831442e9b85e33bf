import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectProblem } from '../support/problem.ts';
import { ANY_SCOPE, newKey, startWriteWorld, type WriteWorld } from '../support/write-world.ts';

const COMMIT_MS = 400;

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld(1, { UPSTREAM_TIMEOUT_MS: '2000' });
});
afterEach(() => world.fleet.sandbox.clearFaults());
afterAll(() => world?.stop());

test('a repeat of a creation that was not carried out does not take an older contact for its own', async () => {
  const { owner } = await world.contact();
  const client = world.client(owner);
  const contact = { firstName: 'Jane', email: `${randomUUID()}@example.com` };
  const older = await client.send('POST', '/contacts', { contact });
  expect(older.status).toBe(201);
  await world.fleet.sandbox.setOperationFaults('addContactsFull', {
    mode: 'reset',
    phase: 'before',
    calls: 1,
  });
  const headers = newKey();
  const first = await client.send('POST', '/contacts', { contact }, { headers });
  expect(first.json().outcome).toBe('unknown');
  expectProblem(await client.send('POST', '/contacts', { contact }, { headers }), 409, 'CONTACT_EXISTS');
});

test('a contact that is found by another spelling of its phone number is fenced', async () => {
  const [writer] = world.fleet.org.members;
  const client = world.client(writer!, ANY_SCOPE);
  const digits = String(Math.floor(1e9 + Math.random() * 8e9));
  const phone = `+1-${digits}`;
  const { id } = (
    await client.send('POST', '/contacts', {
      contact: { firstName: 'Ada', email: `${randomUUID()}@example.com`, phone: `1${digits}` },
    })
  ).json().data;
  expect((await client.get(`/contacts/${id}`)).status).toBe(200);
  await world.fleet.sandbox.setOperationFaults('addContactsFull', {
    mode: 'reset',
    phase: 'during',
    commitDelayMs: COMMIT_MS,
    calls: 1,
  });
  const body = { contact: { phone, city: 'Bergen' }, onExisting: 'update', matchBy: 'phone' };
  const failed = await client.send('POST', '/contacts', body);
  expect(failed.json().outcome).toBe('unknown');
  const early = await client.get(`/contacts/${id}`);
  expect(early.headers['cache-status']).not.toContain('hit');
  await sleep(2 * COMMIT_MS);
  expect((await client.get(`/contacts/${id}`)).json().data.contact.city).toBe('Bergen');
});

test('a contact that the member does not see is not changed, and its id is not shown', async () => {
  const { org } = world.fleet;
  const owner = world.client(org.hidden.owner);
  const { email, city } = (await owner.get(`/contacts/${org.hidden.id}`)).json().data.contact;
  const other = world.client(
    org.members.find((member) => member !== org.hidden.owner)!,
    ANY_SCOPE,
  );
  const before = (await world.calls('addContactsFull')).length;
  for (const headers of [{}, newKey()]) {
    const body = { contact: { email, city: 'Bergen' }, onExisting: 'update' };
    const refused = await other.send('POST', '/contacts', body, { headers });
    expectProblem(refused, 404, 'CONTACT_NOT_FOUND');
    expect(refused.json().outcome).toBe('none');
    expect(refused.text).not.toContain(org.hidden.id);
  }
  expect(await world.calls('addContactsFull')).toHaveLength(before);
  expect((await owner.get(`/contacts/${org.hidden.id}`)).json().data.contact.city).toBe(city);
  // A part of the hidden address belongs to nobody, so this contact is new.
  const created = await other.send('POST', '/contacts', {
    contact: { firstName: 'Ada', email: email.slice(1) },
    onExisting: 'update',
  });
  expect(created.status).toBe(200);
  expect(created.json().data.id).not.toBe(org.hidden.id);
});
