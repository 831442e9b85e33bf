import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld, type World } from '../support/world.ts';

const NAME = '__Host-session';
const CSRF = { 'x-requested-with': 'fetch' };
const LIMIT = 5;
const ORIGIN = 'https://app.example';
let world: World;
beforeAll(async () => {
  const tiers = { default: { limit: 1000, windowS: 600 }, few: { limit: LIMIT, windowS: 600 } };
  world = await startWorld({
    AUTH_COOKIE_NAME: NAME,
    CORS_ORIGINS: ORIGIN,
    RATE_LIMIT_TIERS: JSON.stringify(tiers),
  });
});
afterAll(() => world?.stop());

const get = (headers: Record<string, string>, method = 'GET') =>
  exchange(`${world.program.url}/contacts/${world.directory.reference.contact}`, { headers, method });
const cookie = () => `theme=dark; ${NAME}=${world.token()}`;

test('accepts the token in the configured cookie', async () => {
  const answer = await get({ ...CSRF, cookie: cookie() });
  expect(answer.status).toBe(200);
  expect(answer.headers['vary']).toMatch(/\bCookie\b/);
  expect(answer.headers['vary']).toMatch(/\bAuthorization\b/);
  expect(answer.headers['cache-control']).toMatch(/^private\b/);
  expect((await get({ authorization: `Bearer ${world.token()}` })).status).toBe(200);
});

test('returns 400 when the tokens in header and cookie differ', async () => {
  const headers = { cookie: cookie(), authorization: `Bearer ${world.token()}` };
  expectProblem(await get(headers), 400, 'INVALID_REQUEST');
});

test('accepts the cookie only from an allowed origin', async () => {
  const allowed = await get({ ...CSRF, cookie: cookie(), origin: ORIGIN });
  expect(allowed.status).toBe(200);
  expect(allowed.headers['access-control-allow-origin']).toBe(ORIGIN);
  expect(allowed.headers['access-control-allow-credentials']).toBe('true');
  const refused = await get({ ...CSRF, cookie: cookie(), origin: 'https://evil.example' });
  expectProblem(refused, 400, 'INVALID_REQUEST');
  expect(refused.headers['access-control-allow-origin']).not.toBe('https://evil.example');
});

test('refuses a cookie request without a CSRF header before any rate limit or upstream call', async () => {
  const id = world.freshContact();
  const token = world.token({ rate_tier: 'few' });
  const send = (headers: Record<string, string>, path = `/contacts/${id}`) =>
    exchange(`${world.program.url}${path}`, { headers: { cookie: `${NAME}=${token}`, ...headers } });
  for (let n = 0; n <= LIMIT; n += 1) {
    expectProblem(await send({}), 403, 'CSRF_HEADER_MISSING');
    expectProblem(
      await send({ 'sec-fetch-site': 'same-site' }, `/contacts?ids=${id}`),
      403,
      'CSRF_HEADER_MISSING',
    );
    expectProblem(await send({}, `/contacts/${id}/notes`), 403, 'CSRF_HEADER_MISSING');
  }
  expect(await world.sandbox.callsFor(id)).toHaveLength(0);
  const accepted = await send({ 'sec-fetch-site': 'same-origin' });
  expect(accepted.status).toBe(200);
  expect(accepted.headers['ratelimit']).toMatch(new RegExp(`r=${LIMIT - 1};`));
});

test('a preflight allows credentials and the CSRF header', async () => {
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

test('does not allow credentials to any origin without AUTH_COOKIE_NAME', async () => {
  const plain = await startWorld({ CORS_ORIGINS: ORIGIN });
  try {
    const answer = await plain.get('/contacts/x', { headers: { origin: ORIGIN, cookie: cookie() } });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect(answer.headers['vary'] ?? '').not.toMatch(/\bCookie\b/);
  } finally {
    await plain.stop();
  }
});
