import { exchange } from '../support/http.ts';
import type { TestResponse } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { parsedLines } from '../support/child.ts';
import { waitFor } from '../support/wait-for.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const bare = (path: string, options = {}): Promise<TestResponse> =>
  exchange(`${world.program.url}${path}`, options);
const ID = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';

describe('unknown paths and unsupported methods', () => {
  test.each(['/', '/nothing', '/contact', `/contacts/${ID}/notes/1`, '/contacts/../admin', '/invalidations'])(
    '%s returns ROUTE_NOT_FOUND with or without a token',
    async (path) => {
      const answer = await bare(path);
      expectProblem(answer, 404, 'ROUTE_NOT_FOUND');
      expect(answer.json().detail).toContain('/docs ');
      expectProblem(await world.get(path), 404, 'ROUTE_NOT_FOUND');
      expectProblem(await bare(path, { method: 'POST' }), 404, 'ROUTE_NOT_FOUND');
    },
  );

  test.each([
    [`/contacts/${ID}`, 'GET, HEAD, PATCH'],
    [`/contacts/${ID}/notes`, 'GET, HEAD, POST'],
    [`/contacts/${ID}/activities`, 'POST'],
    [`/contacts/${ID}/entity`, 'GET, HEAD'],
    ['/contacts', 'GET, HEAD, POST'],
    ['/contacts/lookup', 'POST'],
    ['/healthz', 'GET, HEAD'],
    ['/readyz', 'GET, HEAD'],
  ])('%s allows %s alone, with or without a token', async (path, allow) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      if (allow.split(', ').includes(method)) continue;
      for (const answer of [await bare(path, { method }), await world.get(path, { method })]) {
        expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
        expect(answer.headers['allow']).toBe(allow);
      }
    }
  });

  test.each([
    ['GET', `/contacts/${ID}/%6eotes`, 200],
    ['GET', `/%63ontacts/%61${ID.slice(1)}?include=notes`, 200],
    ['POST', '/contacts/%6Cookup', 403],
    ['GET', `/contacts%2f${ID}`, 404],
    ['GET', `/contacts/${ID}?%69nclude=notes`, 200],
  ])('%s %s is found by its decoded letters: %i', async (method, path, status) => {
    expect((await world.get(path, { method })).status).toBe(status);
  });

  test('parameters after a thousand others count', async () => {
    const { status, text } = await world.get(`/contacts/${ID}?${'x&'.repeat(1000)}include=photos`);
    expect({ status, text }).toMatchObject({ status: 400, text: expect.stringContaining('INVALID_INCLUDE') });
  });

  test.each([
    ['GET', '/contacts/%zz', 'INVALID_CONTACT_ID'],
    ['GET', '/contacts/%E0%A4%A/notes', 'INVALID_CONTACT_ID'],
    ['PUT', '/contacts/%zz/notes/1', 'INVALID_CONTACT_ID'],
    ['PUT', '/contacts/%zz/notes/%zz', 'INVALID_CONTACT_ID'],
    ['PUT', `/contacts/${ID}/notes/%zz`, 'INVALID_REQUEST'],
    ['PUT', `/contacts/${ID}/notes/%FF`, 'INVALID_REQUEST'],
  ])('%s %s with a segment that cannot be decoded is 400 %s', async (method, path, code) => {
    const answer = await world.get(path, { method });
    expectProblem(answer, 400, code);
    expect(answer.json().detail).toContain(code === 'INVALID_CONTACT_ID' ? 'contact id' : 'percent-encoding');
  });

  test('an error response does not repeat the query, which may contain a token', async () => {
    const answer = await bare('/nothing?access_token=very-secret-thing');
    expect(answer.text).not.toContain('very-secret-thing');
  });
});

describe('health checks', () => {
  test('require no token', async () => {
    expect((await bare('/healthz')).status).toBe(200);
    const ready = await bare('/readyz');
    expect({ status: ready.status, state: ready.json().status }).toEqual({ status: 200, state: 'ready' });
  });
});

describe('request bodies', () => {
  test('over 16 KiB are refused', async () => {
    const id = world.freshContact();
    const body = 'x'.repeat(17 * 1024);
    const headers = { 'content-length': String(body.length), 'content-type': 'text/plain' };
    const answer = await world.get(`/contacts/${id}`, { body, headers });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await world.sandbox.callsFor(id)).toEqual([]);
  });

  test('over 16 KiB are refused without Content-Length', async () => {
    const id = world.freshContact();
    const headers = { 'transfer-encoding': 'chunked', 'content-type': 'application/json' };
    const body = 'x'.repeat(64 * 1024);
    const answer = await world.get(`/contacts/${id}`, { body, headers }).catch(() => undefined);
    expect(answer?.status ?? 413).toBeGreaterThanOrEqual(400);
    expect(answer?.status ?? 413).toBeLessThan(500);
  });
});

describe('X-Request-Id', () => {
  test.each(['abc', 'A-Z_0.9', 'x'.repeat(128)])('%s is accepted and returned', async (requestId) => {
    const answer = await bare('/nothing', { headers: { 'x-request-id': requestId } });
    expect(answer.headers['x-request-id']).toBe(requestId);
    expect(answer.json().requestId).toBe(requestId);
  });

  test.each(['x'.repeat(129), 'a b', 'a/b', 'a"b', '{"a":1}', 'ä', '%0a', ''])(
    '"%s" is replaced by a generated id',
    async (requestId) => {
      const answer = await bare('/nothing', { headers: { 'x-request-id': requestId } });
      expect(answer.headers['x-request-id']).toMatch(/^[\w.-]{1,128}$/);
      expect(answer.headers['x-request-id']).not.toBe(requestId);
    },
  );

  test('is generated for each request', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => bare('/healthz')));
    expect(new Set(ids.map((answer) => answer.headers['x-request-id'])).size).toBe(20);
  });
});

describe('the log', () => {
  test('has one line per request, and every line is JSON', async () => {
    const id = world.freshContact();
    const requestIds = ['log-first', 'log-second', 'log-third'];
    for (const requestId of requestIds) {
      const headers = { 'x-request-id': requestId };
      await world.get(`/contacts/${id}?include=notes&secret_query=hush`, { headers });
    }
    const linesOf = (requestId: string) =>
      parsedLines(world.program.stdout()).filter((line) => JSON.stringify(line).includes(`"${requestId}"`));
    await waitFor('the log', () => linesOf('log-third').length > 0);
    expect(requestIds.map((requestId) => linesOf(requestId).length)).toEqual([1, 1, 1]);
    expect(JSON.stringify(linesOf('log-first'))).toContain('200');
    expect(world.program.stdout()).not.toContain('hush');
    const lines = world.program.stdout().trim().split('\n');
    expect(parsedLines(world.program.stdout())).toHaveLength(lines.length);
  });
});
