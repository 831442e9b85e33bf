import type { ResponseInfo } from '../../src/client/index.ts';
import { startScriptedServer, type Script, type ScriptedServer } from '../support/scripted-server.ts';
import { BREAK_OFF, clientOf, CONTACT, DISCONNECT, FOUND, ID, problem } from './scripted-client.ts';

let server: ScriptedServer;
beforeAll(async () => void (server = await startScriptedServer()));
afterAll(() => server.stop());

const LIMITED = problem(429, 'RATE_LIMITED', { 'retry-after': '1' });
const UNAVAILABLE = problem(503, 'UPSTREAM_UNAVAILABLE');

test.each<[string, Script]>([
  ['a 429', problem(429, 'RATE_LIMITED')],
  ['a 503', UNAVAILABLE],
  ['a 503 of a gateway', { status: 503, headers: { 'content-type': 'text/html' } }],
  ['a connection that ends without a response', DISCONNECT],
  ['a connection that ends within a response', BREAK_OFF],
])('retries %s', async (_name, script) => {
  server.respond(script, script, FOUND);
  expect(await clientOf(server.url).getContact(ID)).toEqual(CONTACT);
  expect(server.requests).toHaveLength(3);
});

test.each([400, 401, 403, 404, 409, 412, 422, 500, 502, 504])('does not retry a %i', async (status) => {
  server.respond(problem(status, 'A_CODE'));
  await expect(clientOf(server.url).getContact(ID)).rejects.toMatchObject({ code: 'A_CODE', status });
  expect(server.requests).toHaveLength(1);
});

test.each([0, 1, 3])('gives up after %i retries, with the last error', async (maxRetries) => {
  server.respond(UNAVAILABLE);
  const pending = clientOf(server.url, { maxRetries }).getContact(ID);
  await expect(pending).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', requestId: 'request-1' });
  expect(server.requests).toHaveLength(maxRetries + 1);
  await expect(clientOf(server.url, { maxRetries: 5 }).getContact(ID, { maxRetries })).rejects.toMatchObject({
    status: 503,
  });
  expect(server.requests).toHaveLength(2 * (maxRetries + 1));
});

test('a network error that remains is the error of fetch', async () => {
  server.respond(DISCONNECT);
  const pending = clientOf(server.url, { maxRetries: 1 }).getContact(ID);
  await expect(pending).rejects.toMatchObject({ name: 'TypeError', message: 'fetch failed' });
  expect(server.requests).toHaveLength(2);
});

test('waits at least as long as Retry-After says', async () => {
  server.respond(LIMITED, FOUND);
  const start = performance.now();
  await clientOf(server.url).getContact(ID);
  expect(performance.now() - start).toBeGreaterThanOrEqual(1000);
});

const dateAfter = (ms: number): string => new Date(Date.now() + ms).toUTCString();

test.each([
  ['a later date', dateAfter(3_600_000), expect.any(Number) as number],
  ['an earlier date', dateAfter(-3_600_000), 0],
  ['anything else', 'soon', undefined],
])('reads %s in Retry-After', async (_name, retryAfter, retryAfterS) => {
  server.respond(problem(429, 'RATE_LIMITED', { 'retry-after': retryAfter }));
  const pending = clientOf(server.url, { maxRetries: 0 }).getContact(ID);
  await expect(pending).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterS });
});

test('rejects at once if Retry-After is later than the time-out', async () => {
  server.respond(problem(429, 'RATE_LIMITED', { 'retry-after': '3600' }));
  const pending = clientOf(server.url).getContact(ID);
  await expect(pending).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterS: 3600 });
  expect(server.requests).toHaveLength(1);
});

test('an abort ends the wait before a retry', async () => {
  server.respond(problem(503, 'OVERLOADED', { 'retry-after': '30' }));
  const gone = new AbortController();
  const onResponse = (): void => gone.abort(new Error('the user left'));
  const pending = clientOf(server.url).getContact(ID, { signal: gone.signal, onResponse });
  await expect(pending).rejects.toThrow('the user left');
  expect(server.requests).toHaveLength(1);
});

test('a signal that is aborted already sends nothing', async () => {
  server.respond(FOUND);
  let called = false;
  const token = (): string => {
    called = true;
    return 'a.b.c';
  };
  const signal = AbortSignal.abort(new Error('too late'));
  await expect(clientOf(server.url, { token }).getContact(ID, { signal })).rejects.toThrow('too late');
  expect([called, server.requests.length]).toEqual([false, 0]);
});

test('the time-out applies to a fetch that ignores its signal', async () => {
  const stuck = clientOf(server.url, { timeoutMs: 20, fetch: () => new Promise(() => {}) });
  await expect(stuck.getContact(ID)).rejects.toMatchObject({ name: 'TimeoutError' });
});

const HEADERS = {
  'x-request-id': 'second',
  etag: '"7"',
  'cache-status': 'zyntro-bff; hit; ttl=41',
  ratelimit: '"default";r=118;t=60;pk=:AAAA:, "writes"; r=9; t=3600',
  'idempotency-replayed': 'true',
};
const INFOS: readonly ResponseInfo[] = [
  {
    status: 503,
    requestId: 'first',
    etag: undefined,
    cacheStatus: undefined,
    rateLimits: [],
    replayed: false,
  },
  {
    status: 200,
    requestId: 'second',
    etag: '"7"',
    cacheStatus: 'zyntro-bff; hit; ttl=41',
    rateLimits: [
      { policy: 'default', remaining: 118, resetS: 60 },
      { policy: 'writes', remaining: 9, resetS: 3600 },
    ],
    replayed: true,
  },
];

test('onResponse receives the metadata of every response', async () => {
  const overloaded = problem(503, 'OVERLOADED', { 'x-request-id': 'first' });
  server.respond(overloaded, { headers: HEADERS, body: { data: CONTACT } });
  const ofClient: ResponseInfo[] = [];
  const ofRequest: ResponseInfo[] = [];
  const client = clientOf(server.url, { onResponse: (info) => ofClient.push(info) });
  await client.getContact(ID, { onResponse: (info) => ofRequest.push(info) });
  expect(ofClient).toEqual(INFOS);
  expect(ofRequest).toEqual(INFOS);
});

function throwMistake(): never {
  throw new TypeError('a mistake in the callback');
}

test('an exception of onResponse rejects the request without a retry', async () => {
  server.respond(FOUND);
  await expect(clientOf(server.url, { onResponse: throwMistake }).getContact(ID)).rejects.toThrow(
    'a mistake',
  );
  expect(server.requests).toHaveLength(1);
});
