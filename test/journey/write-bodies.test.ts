import net from 'node:net';
import { once } from 'node:events';
import { expectProblem } from '../support/problem.ts';
import { startWriteWorld, type WriteWorld } from '../support/write-world.ts';

const ID = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld();
});
afterAll(() => world?.stop());

/** Sends a request without Content-Length and Transfer-Encoding. */
async function withoutBody(request: string, headers: string): Promise<string> {
  const [member] = world.fleet.org.members;
  const { url } = world.fleet.members[0]!.program;
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
  const token = world.fleet.token(member, { scope: 'contacts:lookup contacts:write notes:write' });
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.write(
    `${request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n${headers}\r\n`,
  );
  await once(socket, 'close');
  return text;
}

test.each([
  'POST /contacts/lookup',
  `PATCH /contacts/${ID}`,
  `POST /contacts/${ID}/notes`,
  `PUT /contacts/${ID}/notes/1`,
])('%s without a body is 415, or 400 with a content type', async (request) => {
  expect(await withoutBody(request, '')).toMatch(/^HTTP\/1\.1 415 [^]*"code":"UNSUPPORTED_MEDIA_TYPE"/);
  const typed = await withoutBody(request, 'Content-Type: application/json\r\n');
  expect(typed).toMatch(/^HTTP\/1\.1 400 [^]*"code":"INVALID_BODY"/);
  const expecting = await withoutBody(request, 'Content-Type: application/json\r\nExpect: 100-continue\r\n');
  expect(expecting).toContain('"code":"INVALID_BODY"');
});

test('a byte order mark before the JSON is ignored', async () => {
  const { id, owner } = await world.contact();
  const client = world.client(owner);
  const body = Buffer.from('\uFEFF{"contact":{"city":"\uFEFFOslo"}}');
  expect((await client.send('PATCH', `/contacts/${id}`, undefined, { body })).status).toBe(204);
  expect((await client.get(`/contacts/${id}`)).json().data.contact.city).toBe('\uFEFFOslo');
  const twice = Buffer.from('\uFEFF\uFEFF{"contact":{"city":"Oslo"}}');
  expectProblem(
    await client.send('PATCH', `/contacts/${id}`, undefined, { body: twice }),
    400,
    'INVALID_BODY',
  );
});

test('an error before a write begins says that nothing was changed, and an error of a read does not', async () => {
  const { id, owner } = await world.contact();
  for (const scope of [undefined, 'contacts:read']) {
    const client = world.client(owner, scope);
    const answer = await client.send('POST', `/contacts/${id}/notes`, { text: 'wrong member' });
    expect(answer.json().outcome).toBe('none');
  }
  const lookup = await world.client(owner).send('POST', '/contacts/lookup', {});
  expect(lookup.json()).not.toHaveProperty('outcome');
});
