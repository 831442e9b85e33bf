import { randomUUID } from 'node:crypto';
import { startScriptedServer, type Script, type ScriptedServer } from '../support/scripted-server.ts';
import { clientOf, problem } from './scripted-client.ts';

let server: ScriptedServer;
beforeAll(async () => void (server = await startScriptedServer()));
afterAll(() => server.stop());

const idsOf = (path: string): string[] => new URL(path, 'http://a').searchParams.get('ids')!.split(',');
const MISSING = 'CONTACT_NOT_FOUND';

/** Finds every other contact of a batch. */
const everyOther: Script = (res, { path }) => {
  const ids = idsOf(path);
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(
    JSON.stringify({
      data: ids.filter((_, index) => index % 2 === 0).map((id) => ({ contact: { id } })),
      errors: ids
        .filter((_, index) => index % 2 === 1)
        .map((id) => ({ id, status: 404, code: MISSING, title: 'Not found' })),
    }),
  );
};

test.each([
  [1, [1]],
  [50, [50]],
  [51, [50, 1]],
  [120, [50, 50, 20]],
])('sends %i ids in requests of at most 50', async (count, sizes) => {
  const ids = Array.from({ length: count }, () => randomUUID());
  server.respond(everyOther);
  const { data, errors } = await clientOf(server.url).getContacts(ids, {
    include: ['notes'],
    fields: { contact: ['name'] },
  });
  expect(server.requests.map(({ path }) => idsOf(path).length)).toEqual(sizes);
  expect(server.requests.flatMap(({ path }) => idsOf(path))).toEqual(ids);
  for (const { path } of server.requests) expect(path).toMatch(/&include=notes&fields%5Bcontact%5D=name$/);
  expect(data.map(({ contact }) => contact.id)).toEqual(ids.filter((_, index) => index % 2 === 0));
  expect(errors.map(({ id }) => id)).toEqual(ids.filter((_, index) => index % 2 === 1));
});

test('sends each id once, as it was first spelled', async () => {
  const ids = Array.from({ length: 50 }, () => randomUUID());
  server.respond(everyOther);
  await clientOf(server.url).getContacts([...ids, ...ids.map((id) => id.toUpperCase()), ...ids]);
  expect(server.requests.map(({ path }) => idsOf(path))).toEqual([ids]);
});

test('returns an empty result for an empty list without a request', async () => {
  server.respond(everyOther);
  expect(await clientOf(server.url).getContacts([])).toEqual({ data: [], errors: [] });
  expect(server.requests).toHaveLength(0);
});

test('does not change the list of the caller', async () => {
  const ids = Object.freeze(Array.from({ length: 60 }, () => randomUUID()));
  server.respond(everyOther);
  const { data, errors } = await clientOf(server.url).getContacts(ids);
  expect(data.length + errors.length).toBe(60);
});

describe('a request that fails', () => {
  const ids = Array.from({ length: 120 }, () => randomUUID());
  const TITLE = { title: 'The title' };

  test('rejects the call if it is the first one', async () => {
    server.respond(problem(403, 'INSUFFICIENT_SCOPE'), everyOther);
    await expect(clientOf(server.url).getContacts(ids)).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    expect(server.requests).toHaveLength(1);
  });

  test('puts its contacts and all further ones into errors if it is a later one', async () => {
    server.respond(everyOther, problem(429, 'RATE_LIMITED', { 'retry-after': '600' }, TITLE));
    const { data, errors } = await clientOf(server.url).getContacts(ids);
    expect(server.requests).toHaveLength(2);
    expect(data).toHaveLength(25);
    expect(errors.slice(0, 25).map(({ code }) => code)).toEqual(Array.from({ length: 25 }, () => MISSING));
    expect(errors.slice(25)).toEqual(
      ids.slice(50).map((id) => ({ id, status: 429, code: 'RATE_LIMITED', ...TITLE })),
    );
  });

  test('is repeated after Retry-After if the time-out allows it', async () => {
    const limited = problem(429, 'RATE_LIMITED', { 'retry-after': '1' });
    server.respond(everyOther, limited, everyOther);
    const { data, errors } = await clientOf(server.url).getContacts(ids);
    expect(data.length + errors.length).toBe(120);
    expect(errors.every(({ code }) => code === MISSING)).toBe(true);
  });

  test('rejects the call if the response is not from the proxy', async () => {
    server.respond(everyOther, { status: 502, body: {} });
    const pending = clientOf(server.url).getContacts(ids);
    await expect(pending).rejects.toMatchObject({ code: 'UNEXPECTED_RESPONSE', status: 502 });
  });
});
