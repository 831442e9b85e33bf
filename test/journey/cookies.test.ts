import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld, type World } from '../support/world.ts';

const NAME = '__Host-session';
const ORIGIN = 'https://app.example';
let world: World;
beforeAll(async () => {
  world = await startWorld({ AUTH_COOKIE_NAME: NAME, CORS_ORIGINS: ORIGIN });
});
afterAll(() => world?.stop());

const get = (headers: Record<string, string>, method = 'GET') =>
  exchange(`${world.program.url}/contacts/${world.directory.reference.contact}`, { headers, method });
const cookie = () => `theme=dark; ${NAME}=${world.token()}`;

test('a browser’s cookie is as good as the header', async () => {
  const answer = await get({ cookie: cookie() });
  expect(answer.status).toBe(200);
  expect(answer.headers['vary']).toMatch(/\bCookie\b/);
  expect(answer.headers['vary']).toMatch(/\bAuthorization\b/);
  expect(answer.headers['cache-control']).toMatch(/^private\b/);
  expect((await get({ authorization: `Bearer ${world.token()}` })).status).toBe(200);
});

test('header and cookie that differ are a 400', async () => {
  const headers = { cookie: cookie(), authorization: `Bearer ${world.token()}` };
  expectProblem(await get(headers), 400, 'INVALID_REQUEST');
});

test('pages of allowed origins may send it, others may not', async () => {
  const allowed = await get({ cookie: cookie(), origin: ORIGIN });
  expect(allowed.status).toBe(200);
  expect(allowed.headers['access-control-allow-origin']).toBe(ORIGIN);
  expect(allowed.headers['access-control-allow-credentials']).toBe('true');
  const refused = await get({ cookie: cookie(), origin: 'https://evil.example' });
  expectProblem(refused, 400, 'INVALID_REQUEST');
  expect(refused.headers['access-control-allow-origin']).not.toBe('https://evil.example');
});

test('a preflight lets the page send what is asked for beside it', async () => {
  const answer = await get(
    {
      origin: ORIGIN,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'x-requested-with',
    },
    'OPTIONS',
  );
  expect(answer.headers['access-control-allow-credentials']).toBe('true');
  expect(answer.headers['access-control-allow-headers']).toMatch(/x-requested-with/i);
});

test('without a cookie configured, no origin is allowed credentials', async () => {
  const plain = await startWorld({ CORS_ORIGINS: ORIGIN });
  try {
    const answer = await plain.get('/contacts/x', { headers: { origin: ORIGIN, cookie: cookie() } });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect(answer.headers['vary'] ?? '').not.toMatch(/\bCookie\b/);
  } finally {
    await plain.stop();
  }
});
