import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../support/child.ts';
import { expectProblem } from '../support/problem.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWriteWorld, type WriteWorld } from '../support/write-world.ts';
import type { Json } from '../support/http.ts';

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld(2);
});
afterAll(() => world?.stop());

const contents = (answer: { json(): Json }): string[] =>
  (answer.json().data ?? []).map((note: Json) => note.content);

test('a note is in the next read of its author, and of others only if it is visible', async () => {
  const { id, owner, other } = await world.contact();
  const [author, reader] = [world.client(owner), world.client(other, undefined, world.fleet.members[1])];
  const path = `/contacts/${id}/notes`;
  await Promise.all([author.get(path), reader.get(path)]);
  const shown = await author.send('POST', path, { content: 'For all.', visible: true });
  expect(shown.status).toBe(201);
  expect(shown.headers['cache-control']).toBe('no-store');
  expect(shown.json()).toEqual({
    data: { id: expect.any(String), content: 'For all.', visible: true, editable: false },
  });
  expect(contents(await author.get(path))).toContain('For all.');
  expect(contents(await reader.get(path))).toContain('For all.');
  expect((await author.send('POST', path, { content: 'For me.' })).status).toBe(201);
  expect(contents(await author.get(path))).toContain('For me.');
  expect(contents(await reader.get(path))).not.toContain('For me.');
});

test('PUT replaces a note by its id', async () => {
  const { id, owner } = await world.contact();
  const author = world.client(owner);
  const path = `/contacts/${id}/notes`;
  const { data } = (await author.send('POST', path, { content: 'Before', editable: true })).json();
  const answer = await author.send('PUT', `${path}/${data.id}`, { content: 'After' });
  expect({ status: answer.status, content: answer.json().data.content }).toEqual({
    status: 200,
    content: 'After',
  });
  expect(contents(await author.get(path))).toContain('After');
  expect(contents(await author.get(path))).not.toContain('Before');
});

test('a member who does not own the contact gets 403, also with the scope for any contact, and no write call is made', async () => {
  const { id, other } = await world.contact();
  for (const scope of [undefined, 'contacts:read notes:write contacts:write:any']) {
    const answer = await world
      .client(other, scope)
      .send('POST', `/contacts/${id}/notes`, { content: 'Mine' });
    expectProblem(answer, 403, 'NOT_CONTACT_OWNER');
    expect(answer.json().outcome).toBe('none');
  }
  expect(await world.calls('addNotestoContact', id)).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['no content', {}, '"content"'],
  ['blank content', { content: ' \n' }, '"content"'],
  ['content of another type', { content: 7 }, '"content"'],
  ['content that is too long', { content: 'x'.repeat(10_001) }, '"content"'],
  ['a flag of another type', { content: 'x', visible: 'yes' }, '"visible"'],
  ['an unknown member', { content: 'x', memberId: 'm' }, '"memberId"'],
  ['a member with a special name', JSON.parse('{"content":"x","__proto__":{"visible":true}}'), '__proto__'],
  ['a list', [], 'JSON object'],
  ['null', null, 'JSON object'],
])('rejects %s with 400 INVALID_BODY that names the member, not its value', async (_what, body, named) => {
  const { id, owner } = await world.contact();
  const answer = await world.client(owner).send('POST', `/contacts/${id}/notes`, body);
  expectProblem(answer, 400, 'INVALID_BODY');
  expect(answer.json().detail).toContain(named);
  expect(answer.text).not.toMatch(/xxxx|yes/);
  expect(await world.calls('addNotestoContact', id)).toEqual([]);
});

test.each([
  ['text/plain', {}],
  ['application/json; charset=iso-8859-1', {}],
  ['application/merge-patch+json', {}],
  ['application/json', { 'content-encoding': 'gzip' }],
])('rejects the media type %s %j with 415 and names the accepted type', async (type, headers) => {
  const { id, owner } = await world.contact();
  const answer = await world
    .client(owner)
    .send(
      'POST',
      `/contacts/${id}/notes`,
      { content: 'x' },
      { headers: { 'content-type': type, ...headers } },
    );
  expectProblem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE');
  expect(answer.headers['accept']).toBe('application/json');
});

test('refuses a precondition, instead of writing without it', async () => {
  const { id, owner } = await world.contact();
  const author = world.client(owner);
  const path = `/contacts/${id}/notes`;
  const etag = String((await author.get(path)).headers['etag']);
  for (const headers of [{ 'if-match': etag }, { 'if-none-match': '*' }]) {
    expectProblem(await author.send('POST', path, { content: 'x' }, { headers }), 400, 'INVALID_REQUEST');
    const contact = { contact: { city: 'Oslo' } };
    if (!headers['if-match'])
      expectProblem(
        await author.send('PATCH', `/contacts/${id}`, contact, { headers }),
        400,
        'INVALID_REQUEST',
      );
  }
  expect(await world.calls('addNotestoContact', id)).toEqual([]);
  expect(await world.calls('updateFieldData', id)).toEqual([]);
});

const padded = (length: number) => JSON.stringify({ content: 'padded' }).padEnd(length, ' ');

test('bodies may have 64 KiB, and one byte more is 413', async () => {
  const { id, owner } = await world.contact();
  const path = `/contacts/${id}/notes`;
  const send = (body: string, headers: Record<string, string> = {}) =>
    world.client(owner).send('POST', path, undefined, {
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  expect((await send(padded(65_536))).status).toBe(201);
  for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
    const answer = await send(padded(65_537), headers);
    expectProblem(answer, 413, 'CONTENT_TOO_LARGE');
    expect(answer.json()).toMatchObject({ outcome: 'none' });
  }
});

test('Prefer: return=representation returns the contact with the includes, and says so', async () => {
  const { id, owner } = await world.contact();
  const answer = await world.client(owner).send(
    'POST',
    `/contacts/${id}/notes?include=notes`,
    { content: 'Represented' },
    {
      headers: { prefer: 'respond-async, return=representation' },
    },
  );
  expect(answer.status).toBe(201);
  expect(answer.headers['preference-applied']).toBe('return=representation');
  expect(answer.json().data.contact.id).toBe(id);
  expect(answer.json().data.notes.map((note: Json) => note.content)).toContain('Represented');
});

test('writes one audit line without the content, and counts the write', async () => {
  const { id, owner } = await world.contact();
  const content = `secret-${crypto.randomUUID()}`;
  const [process] = world.fleet.members;
  await world.client(owner).send('POST', `/contacts/${id}/notes`, { content });
  const lines = await waitFor('the audit line', () => {
    const written = process!.events().filter((line) => line['msg'] === 'write' && line['contact'] === id);
    return written.length > 0 && written;
  });
  expect(lines).toEqual([
    expect.objectContaining({
      operation: 'createNote',
      contact: id,
      member: owner,
      outcome: 'done',
      requestId: expect.any(String),
      subject: expect.any(String),
    }),
  ]);
  expect(process!.program.stdout()).not.toContain(content);
});

const blns = path.join(PROJECT_ROOT, 'test', 'vectors', 'blns', 'blns.json');
const NAUGHTY = JSON.parse(readFileSync(blns, 'utf8')) as string[];

test('500 odd texts come back byte for byte', async () => {
  const { id, owner } = await world.contact();
  const author = world.client(owner);
  const texts = NAUGHTY.map((text, i) => `${i} ${text.toWellFormed()}`);
  expect(texts.length).toBeGreaterThanOrEqual(500);
  for (let at = 0; at < texts.length; at += 20) {
    await Promise.all(
      texts.slice(at, at + 20).map(async (content) => {
        const answer = await author.send('POST', `/contacts/${id}/notes`, { content });
        expect({ status: answer.status, data: answer.json().data }).toMatchObject({
          status: 201,
          data: { content },
        });
      }),
    );
  }
  expect(contents(await author.get(`/contacts/${id}/notes`))).toEqual(expect.arrayContaining(texts));
});
