import type { ContactsClient } from '../../src/client/index.ts';
import { startScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { clientOf, FOUND, ID } from './scripted-client.ts';

let server: ScriptedServer;
beforeAll(async () => void (server = await startScriptedServer()));
afterAll(() => server.stop());

type Call = (client: ContactsClient) => Promise<unknown>;
const OF_CONTACTS: readonly [string, Call][] = [
  ['getContact', (client) => client.getContact('')],
  ['getPart', (client) => client.getPart('', 'notes')],
  ['getContacts', (client) => client.getContacts([ID, ''])],
  ['updateContact', (client) => client.updateContact('', { contact: { stageId: '4' } })],
  ['addNote', (client) => client.addNote('', { content: 'text' })],
  ['updateNote', (client) => client.updateNote('', 'n1', { content: 'text' })],
  ['addActivity', (client) => client.addActivity('', { type: 'call', data: 'text' })],
];

test.each(OF_CONTACTS)('%s rejects an empty contact id without a request', async (_name, call) => {
  server.respond(FOUND);
  await expect(call(clientOf(server.url))).rejects.toThrow(new TypeError('The contact id is empty.'));
  expect(server.requests).toHaveLength(0);
});

test('updateNote rejects an empty note id without a request', async () => {
  server.respond(FOUND);
  const pending = clientOf(server.url).updateNote(ID, '', { content: 'text' });
  await expect(pending).rejects.toThrow(new TypeError('The note id is empty.'));
  expect(server.requests).toHaveLength(0);
});
