import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createClient, ProblemError } from '../../src/client/index.ts';
import type { ClientOptions, ResponseInfo, TokenFunction } from '../../src/client/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const client = (options: Partial<ClientOptions> = {}) =>
  createClient({ baseUrl: world.program.url, token: world.token(), ...options });
const UNKNOWN = '00000000-0000-4000-8000-000000000001';

async function failure(promise: Promise<unknown>): Promise<ProblemError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProblemError)) throw new Error('no ProblemError', { cause: error });
  return error;
}

describe('client of a running proxy', () => {
  test('getContact returns exactly the requested includes', async () => {
    const id = world.directory.reference.contact;
    const alone = await client().getContact(id);
    expect(Object.keys(alone)).toEqual(['contact']);
    expect(alone.contact).toMatchObject({ id, name: 'Jane Smith', emailVerified: true });
    const both = await client().getContact(id, { include: ['notes', 'entity'] });
    expect(Object.keys(both)).toEqual(['contact', 'notes', 'entity']);
    expect(both.entity?.name).toBe('Acme Corp');
  });

  test('getContact returns exactly the requested fields', async () => {
    const found = await client().getContact(world.directory.reference.contact, {
      include: ['entity'],
      fields: { contact: ['name'], entity: ['website'] },
    });
    expect(Object.keys(found.contact).toSorted()).toEqual(['id', 'name']);
    expect(found.entity).toEqual({ website: 'https://acme.com' });
  });

  test('getPart returns one part, or null if there is none', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { entity: null });
    expect(await client().getPart(id, 'entity')).toBeNull();
    const notes = await client().getPart(world.directory.reference.contact, 'notes');
    expect(notes?.[0]?.content).toMatch(/enterprise plan/);
  });

  test('getContacts returns the found contacts and lists the missing one in errors', async () => {
    const ids = [UNKNOWN, world.freshContact(), world.directory.reference.contact];
    const { data, errors } = await client().getContacts(ids, { include: ['notes'] });
    expect(data.map(({ contact }) => contact.id)).toEqual(ids.slice(1));
    expect(data.every(({ notes }) => Array.isArray(notes))).toBe(true);
    expect(errors.map(({ id, code }) => [id, code])).toEqual([[UNKNOWN, 'CONTACT_NOT_FOUND']]);
  });

  test('bypassCache reaches the upstream if the token has the scope', async () => {
    const id = world.freshContact();
    const token = world.token({ scope: 'contacts:read cache:bypass' });
    await client({ token }).getContact(id);
    await client({ token }).getContact(id);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
    await client({ token }).getContact(id, { bypassCache: true });
    expect(await world.sandbox.callsFor(id)).toHaveLength(2);
  });

  test('etagCacheSize is a cache hit for a token with cache:bypass, too, unless bypassCache is set', async () => {
    const id = world.freshContact();
    const infos: ResponseInfo[] = [];
    const reader = client({
      token: world.token({ scope: 'contacts:read cache:bypass' }),
      etagCacheSize: 1,
      onResponse: (info) => infos.push(info),
    });
    const first = await reader.getContact(id);
    expect(await reader.getContact(id)).toEqual(first);
    expect(infos[1]).toMatchObject({ status: 304, cacheStatus: expect.stringMatching(/^zyntro-bff; hit/) });
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
    await reader.getContact(id, { bypassCache: true });
    expect(infos[2]).toMatchObject({ status: 304, cacheStatus: expect.stringContaining('fwd=request') });
    expect(await world.sandbox.callsFor(id)).toHaveLength(2);
  });

  test('calls the token function before every request, and once more after a 401', async () => {
    const [first, expired, second] = [world.token(), world.token({ iat: 1, exp: 2 }), world.token()];
    const tokens = [first, expired, second];
    const rejections: unknown[] = [];
    const token: TokenFunction = ({ rejected }) => {
      rejections.push(rejected);
      return tokens.shift()!;
    };
    const renewing = client({ token });
    const id = world.directory.reference.contact;
    await renewing.getContact(id);
    expect((await renewing.getContact(id)).contact.id).toBe(id);
    expect(rejections).toEqual([undefined, undefined, expired]);
  });

  test('sends cookies without a token and omits them with a token', async () => {
    const sent: RequestInit[] = [];
    const recordingFetch: typeof fetch = (url, init) => {
      sent.push(init!);
      return fetch(url, init);
    };
    const withCookie = createClient({ baseUrl: world.program.url, fetch: recordingFetch });
    expect((await failure(withCookie.getContact(UNKNOWN))).code).toBe('MISSING_TOKEN');
    expect((await failure(client({ fetch: recordingFetch }).getContact(UNKNOWN))).code).toBe(
      'CONTACT_NOT_FOUND',
    );
    expect(sent.map(({ credentials }) => credentials)).toEqual(['include', 'omit']);
    // With a cookie, the proxy requires a header that a cross-origin page cannot send.
    expect(sent.map(({ headers }) => 'X-Requested-With' in headers!)).toEqual([true, false]);
  });

  test.each([
    ['CONTACT_NOT_FOUND', 404, {}, UNKNOWN],
    ['INVALID_CONTACT_ID', 400, {}, 'a/../b?c'],
    ['INSUFFICIENT_SCOPE', 403, { scope: 'other' }, UNKNOWN],
    ['EXPIRED_TOKEN', 401, { iat: 1, exp: 2 }, UNKNOWN],
  ])('%s rejects with a ProblemError', async (code, status, claims, id) => {
    const error = await failure(client({ token: world.token(claims) }).getContact(id));
    expect(error).toMatchObject({ name: 'ProblemError', code, status, problem: { code } });
    expect(error.requestId).toMatch(/^[\w.-]+$/);
    expect(error.message).toBe(error.problem?.detail);
    expect(JSON.stringify(error)).not.toContain('Bearer');
  });

  test('exposes Retry-After as retryAfterS', async () => {
    const contactId = world.freshContact();
    await world.sandbox.setFaults({ mode: 'http-429', retryAfterS: 7, contactId });
    const error = await failure(client({ maxRetries: 0 }).getContact(contactId));
    await world.sandbox.clearFaults();
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', status: 503 });
    expect(error.retryAfterS).toBeGreaterThanOrEqual(0);
  });

  test('rejects with the abort reason or a TimeoutError', async () => {
    const contactId = world.freshContact();
    await world.sandbox.setFaults({ mode: 'silent', contactId });
    const gone = new AbortController();
    const pending = client().getContact(contactId, { signal: gone.signal });
    await world.sandbox.awaitCalls(contactId, 1);
    gone.abort(new Error('the user left'));
    await expect(pending).rejects.toThrow('the user left');
    const late = client().getContact(contactId, { timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' });
    await world.sandbox.clearFaults();
  });
});

describe('client of a server that is not the proxy', () => {
  let server: Server;
  let respond: (path: string) => [status: number, headers: Record<string, string>, body: string];
  const paths: string[] = [];
  beforeAll(async () => {
    server = createServer((req, res) => {
      paths.push(req.url!);
      const [status, headers, body] = respond(req.url!);
      res.writeHead(status, headers).end(body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  test.each([
    ['a page with an error status', 502, { 'content-type': 'text/html' }, '<h1>Bad gateway</h1>'],
    ['a page with a success status', 200, { 'content-type': 'text/html' }, '<h1>Log in</h1>'],
    ['a broken problem', 503, { 'content-type': 'application/problem+json' }, '{"code":'],
    ['a problem without a code', 500, { 'content-type': 'application/problem+json' }, '{}'],
  ] as const)('rejects %s with UNEXPECTED_RESPONSE', async (_name, status, headers, body) => {
    respond = () => [status, headers, body];
    const error = await failure(client({ baseUrl: `${origin()}/`, maxRetries: 0 }).getContact(UNKNOWN));
    expect([error.code, error.status]).toEqual(['UNEXPECTED_RESPONSE', status]);
    expect(error.message).not.toContain('<h1>');
  });

  test('does not follow a redirect, so the token reaches no other server', async () => {
    respond = () => [302, { location: '/elsewhere' }, ''];
    paths.length = 0;
    const error = await failure(client({ baseUrl: origin() }).getContact(UNKNOWN));
    expect([error.code, error.status]).toEqual(['UNEXPECTED_RESPONSE', 302]);
    expect(paths).toEqual([`/contacts/${UNKNOWN}`]);
  });
});
