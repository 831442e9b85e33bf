import type { TestResponse } from '../support/http.ts';
import { ADMIN_DOCUMENT_FILE, openApiContract, readDocument } from '../support/openapi-contract.ts';
import type { Exchange } from '../support/openapi-contract.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const document = readDocument(ADMIN_DOCUMENT_FILE);
const breachesOf = openApiContract(document);
const token = 'an-operator-token-of-enough-length-and-randomness';
const BODY_OF_17_000 = { 'content-length': '17000' };
let world: World;
beforeAll(async () => void (world = await startWorld({ ADMIN_TOKEN: token })));
afterAll(() => world?.stop());

async function call(
  method: Exchange['method'],
  path: string,
  body?: unknown,
  bearer?: string,
): Promise<TestResponse> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { 'content-type': 'application/json' };
  const answer = await world.admin(path, { method: method.toUpperCase(), headers, token: bearer, ...sent });
  expect(breachesOf({ path, method, answer })).toEqual([]);
  return answer;
}

test.each(['/healthz', '/readyz'])('%s matches the document without a token', async (path) => {
  expect((await call('get', path)).status).toBe(200);
});

test.each(['/', '/status', '/metrics'])('%s matches the document and requires a token', async (path) => {
  expect((await call('get', path, undefined, token)).status).toBe(200);
  expect((await call('get', path)).json().code).toBe('MISSING_TOKEN');
  expect((await call('get', path, undefined, 'wrong')).json().code).toBe('INVALID_TOKEN');
});

test('a browser without a token gets an HTML page with a Bearer challenge', async () => {
  const answer = await world.admin('/', { headers: { accept: 'text/html,*/*;q=0.8' } });
  expect(breachesOf({ path: '/', method: 'get', answer })).toEqual([]);
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer /);
  expect(answer.headers['content-type']).toMatch(/^text\/html/);
});

test.each(['/invalidations', '/revocations'])(
  '%s accepts its documented examples and refuses other bodies',
  async (path) => {
    const { examples } = document.paths[path].post.requestBody.content['application/json'];
    for (const { value } of Object.values<{ value: unknown }>(examples))
      expect((await call('post', path, value, token)).status).toBe(204);
    expect((await call('post', path, {}, token)).status).toBe(400);
    expect((await call('post', path, { padding: 'x'.repeat(20_000) }, token)).status).toBe(413);
    expect((await call('post', path, {})).json().code).toBe('MISSING_TOKEN');
    expect((await call('post', path, {}, 'wrong')).json().code).toBe('INVALID_TOKEN');
  },
);

test('/invalidations refuses an invalid contact id', async () => {
  const body = { orgId: '5f0c3c8e-7f5e-4a3c-9b1d-2f6f4c1b7a10', contactId: '42' };
  expect((await call('post', '/invalidations', body, token)).json().code).toBe('INVALID_CONTACT_ID');
});

test.each(['/', '/status', '/metrics', '/healthz', '/readyz', '/openapi.json'])(
  '%s refuses a body over the limit',
  async (path) => {
    const answer = await world.admin(path, { token, body: 'x'.repeat(17_000), headers: BODY_OF_17_000 });
    expect(answer.json().code).toBe('CONTENT_TOO_LARGE');
    expect(breachesOf({ path, method: 'get', answer })).toEqual([]);
  },
);

test('the admin document is revalidated by its tag', async () => {
  const path = '/openapi.json';
  const conditional = async (headers: Record<string, string>) => {
    const answer = await world.admin(path, { token, headers });
    expect(breachesOf({ path, method: 'get', answer })).toEqual([]);
    return answer;
  };
  const etag = String((await conditional({})).headers['etag']);
  expect((await conditional({ 'if-none-match': etag })).status).toBe(304);
  expect((await conditional({ 'if-match': '"other"' })).json().code).toBe('PRECONDITION_FAILED');
});

test('the admin document requires a token and is not served on the public port', async () => {
  const served = await world.admin('/openapi.json', { token });
  expect(served.json()).toEqual(document);
  expect((await call('get', '/openapi.json')).json().code).toBe('MISSING_TOKEN');
  expect((await world.get('/openapi.json')).text).not.toContain('/invalidations');
});
