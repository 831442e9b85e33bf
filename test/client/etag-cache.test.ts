import { startScriptedServer, type Script, type ScriptedServer } from '../support/scripted-server.ts';
import { clientOf, CONTACT, ID } from './scripted-client.ts';

let server: ScriptedServer;
beforeAll(async () => void (server = await startScriptedServer()));
afterAll(() => server.stop());

const FRESH: Script = { headers: { etag: '"1"' }, body: { data: CONTACT } };
const NOT_MODIFIED: Script = { status: 304, headers: { etag: '"1"' } };
const tags = (): unknown[] => server.requests.map(({ headers }) => headers['if-none-match']);

test('is off by default', async () => {
  server.respond(FRESH);
  const client = clientOf(server.url);
  await client.getContact(ID);
  await client.getContact(ID);
  expect(tags()).toEqual([undefined, undefined]);
});

test('revalidates a response, and returns a copy of it for a 304', async () => {
  server.respond(FRESH, NOT_MODIFIED);
  const client = clientOf(server.url, { etagCacheSize: 10 });
  const first = await client.getContact(ID);
  first.contact.name = 'changed by the caller';
  expect(await client.getContact(ID)).toEqual(CONTACT);
  expect(await client.getContact(ID)).toEqual(CONTACT);
  expect(tags()).toEqual([undefined, '"1"', '"1"']);
});

test('replaces a response that has changed', async () => {
  const changed = { contact: { id: ID, name: 'Jane Doe' } };
  server.respond(FRESH, { headers: { etag: '"2"' }, body: { data: changed } }, NOT_MODIFIED);
  const client = clientOf(server.url, { etagCacheSize: 10 });
  await client.getContact(ID);
  expect(await client.getContact(ID)).toEqual(changed);
  expect(await client.getContact(ID)).toEqual(changed);
  expect(tags()).toEqual([undefined, '"1"', '"2"']);
});

test('distinguishes requests by path and query', async () => {
  server.respond(FRESH);
  const client = clientOf(server.url, { etagCacheSize: 10 });
  await client.getContact(ID);
  await client.getContact(ID, { include: ['notes'] });
  await client.getPart(ID, 'notes');
  expect(tags()).toEqual([undefined, undefined, undefined]);
});

test('keeps the given number of responses, the most recently used ones', async () => {
  server.respond(FRESH, FRESH, NOT_MODIFIED, FRESH);
  const client = clientOf(server.url, { etagCacheSize: 2 });
  for (const id of ['a', 'b', 'a', 'c', 'b', 'c']) await client.getContact(id);
  expect(tags()).toEqual([undefined, undefined, '"1"', undefined, undefined, '"1"']);
});

test('keeps neither errors nor responses to writes', async () => {
  const client = clientOf(server.url, { etagCacheSize: 2 });
  server.respond({ status: 404, headers: { etag: '"1"' }, body: { code: 'CONTACT_NOT_FOUND' } }, FRESH);
  await expect(client.getContact(ID)).rejects.toMatchObject({ status: 404 });
  await client.updateContact(ID, { contact: { name: 'Jane' } }, { prefer: 'representation' });
  await client.getContact(ID);
  expect(tags()).toEqual([undefined, undefined, undefined]);
});
