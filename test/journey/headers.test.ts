import { HEADERS, responseHeaders, type HeaderName } from '../../src/openapi/headers.ts';
import { exchange, rawExchange } from '../support/http.ts';
import type { TestResponse } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const ORIGINS = ['https://app.example', 'https://mobile.example'];
let closed: World;
let open: World;
beforeAll(async () => {
  [closed, open] = await Promise.all([
    startWorld({ TRUST_PROXY: '1' }),
    startWorld({ CORS_ORIGINS: ORIGINS.join(',') }),
  ]);
});
afterAll(async () => {
  await closed?.stop();
  await open?.stop();
});

const preflight = (world: World, origin: string): Promise<TestResponse> =>
  exchange(`${world.program.url}/contacts/a1b2c3d4-e5f6-7890-abcd-ef1234567890`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    },
  });

const everyResponse = async (): Promise<Record<string, TestResponse>> => {
  const id = closed.freshContact();
  const good = await closed.get(`/contacts/${id}`);
  const notModified = { 'if-none-match': String(good.headers['etag']) };
  return {
    good,
    'not modified': await closed.get(`/contacts/${id}`, { headers: notModified }),
    head: await closed.get(`/contacts/${id}`, { method: 'HEAD' }),
    'bad request': await closed.get('/contacts/x'),
    'no token': await closed.get(`/contacts/${id}`, { token: undefined }),
    'no scope': await closed.get(`/contacts/${id}`, { token: closed.token({ scope: '' }) }),
    'no route': await closed.get('/nothing'),
    'no method': await closed.get(`/contacts/${id}`, { method: 'DELETE' }),
    'no contact': await closed.get('/contacts/00000000-0000-4000-8000-00000000000d'),
    'bad escape': await closed.get('/contacts/%E0%A4%A'),
    healthz: await closed.get('/healthz'),
    readyz: await closed.get('/readyz'),
    'admin healthz': await closed.admin('/healthz'),
    'admin readyz': await closed.admin('/readyz'),
    'admin bad request': await closed.admin('/invalidations', { method: 'POST' }),
    'admin no route': await closed.admin('/nothing'),
  };
};

const PAGE_ONLY_HEADERS = [
  'cross-origin-opener-policy',
  'origin-agent-cluster',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
];

describe('security headers', () => {
  test.each([
    ['plain http', {}, false],
    ['https behind a trusted proxy', { 'x-forwarded-proto': 'https' }, true],
  ])('a page over %s has the full set', async (_what, headers, upgrade) => {
    const page = await closed.get('/docs', { headers });
    const asset = await closed.get('/docs/page.js', { headers });
    const dashboard = await closed.admin('/', { headers });
    for (const answer of [page, asset, dashboard]) {
      expect(Object.keys(answer.headers)).toEqual(expect.arrayContaining(PAGE_ONLY_HEADERS));
      const policy = String(answer.headers['content-security-policy']);
      expect(policy).toContain("script-src 'self'");
      expect(policy.includes('upgrade-insecure-requests')).toBe(upgrade);
    }
  });

  test('a page ignores X-Forwarded-Proto if no proxy is trusted', async () => {
    const page = await open.get('/docs', { headers: { 'x-forwarded-proto': 'https' } });
    expect(page.headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
  });

  test('are on every response', async () => {
    const missing = Object.entries(await everyResponse()).flatMap(([name, { headers }]) =>
      [
        headers['x-content-type-options'] === 'nosniff',
        headers['content-security-policy'] === "default-src 'none'; frame-ancestors 'none'",
        headers['cross-origin-resource-policy'] === 'same-origin',
        headers['strict-transport-security'] !== undefined,
        headers['referrer-policy'] !== undefined,
        !PAGE_ONLY_HEADERS.some((name) => name in headers),
        headers['x-powered-by'] === undefined,
        /^[\w.-]{1,128}$/.test(String(headers['x-request-id'])),
      ].includes(false)
        ? [name]
        : [],
    );
    expect(missing).toEqual([]);
  });

  test('a path with an invalid percent-escape returns a 4xx problem', async () => {
    const answer = await closed.get('/contacts/%E0%A4%A');
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });
});

describe('CORS', () => {
  test('is off by default', async () => {
    const headers = { origin: 'https://app.example' };
    for (const answer of [
      await closed.get(`/contacts/${closed.freshContact()}`, { headers }),
      await closed.get('/nothing', { headers }),
      await preflight(closed, 'https://app.example'),
    ]) {
      const cors = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-allow'));
      expect(cors).toEqual([]);
    }
  });

  test.each(ORIGINS)('allows the listed origin %s, errors included', async (origin) => {
    const headers = { origin };
    const good = await open.get(`/contacts/${open.freshContact()}`, { headers });
    const bad = await open.get(`/contacts/${open.freshContact()}`, { headers, token: undefined });
    for (const answer of [good, bad]) {
      expect(answer.headers['access-control-allow-origin']).toBe(origin);
      expect(String(answer.headers['vary'])).toMatch(/\borigin\b/i);
    }
    expect([good.status, bad.status]).toEqual([200, 401]);
  });

  test('allows pages to read every documented header', async () => {
    const answer = await open.get('/healthz', { headers: { origin: ORIGINS[0]! } });
    const readable = String(answer.headers['access-control-expose-headers']).split(',');
    // Pages need no permission for Cache-Control (Fetch, section 3.2.5), and Vary is for caches.
    const documented = Object.keys(responseHeaders(...(Object.keys(HEADERS) as HeaderName[])));
    expect(readable).toEqual(
      expect.arrayContaining(documented.filter((name) => !/^(Cache-Control|Vary)$/.test(name))),
    );
    expect(readable).toContain('Allow');
  });

  test('answers a preflight without a token', async () => {
    const answer = await preflight(open, 'https://app.example');
    expect([200, 204]).toContain(answer.status);
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
    expect(String(answer.headers['access-control-allow-methods'])).toMatch(/GET/);
    expect(String(answer.headers['access-control-allow-headers'])).toMatch(/authorization/i);
  });

  test('allows the methods and headers that the operations need, and no others', async () => {
    const [origin = ''] = ORIGINS;
    const readOnly = await startWorld({ CORS_ORIGINS: origin, WRITES: 'off' });
    try {
      const ofWrites = /content-type|idempotency-key|prefer|location|accept-patch|idempotency-replayed/i;
      for (const [world, methods, hasWrites] of [
        [open, /POST/, true],
        [readOnly, /^GET,HEAD$/, false],
      ] as const) {
        const { headers } = await preflight(world, origin);
        expect(headers['access-control-allow-methods']).toMatch(methods);
        const ofBoth = `${headers['access-control-allow-headers']} ${headers['access-control-expose-headers']}`;
        expect(ofWrites.test(ofBoth)).toBe(hasWrites);
        // Only the cookie needs it.
        expect(ofBoth).not.toMatch(/x-requested-with/i);
      }
    } finally {
      await readOnly.stop();
    }
  });

  test.each(['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null'])(
    'does not allow %s',
    async (origin) => {
      const good = await open.get(`/contacts/${open.freshContact()}`, { headers: { origin } });
      for (const answer of [good, await preflight(open, origin)]) {
        expect([undefined, 'false']).toContain(answer.headers['access-control-allow-origin']);
      }
    },
  );

  describe('OPTIONS that is not a preflight', () => {
    const PATHS = ['/contacts/a1b2c3d4-e5f6-7890-abcd-ef1234567890', '/contacts', '/docs', '/healthz'];
    const [origin = ''] = ORIGINS;

    test.each<[string, Record<string, string>]>([
      ['without Origin', {}],
      ['with Origin alone', { origin }],
      ['with Access-Control-Request-Method alone', { 'access-control-request-method': 'GET' }],
      ['with an empty method', { origin, 'access-control-request-method': '' }],
      [
        'with Access-Control-Request-Headers alone',
        { origin, 'access-control-request-headers': 'authorization' },
      ],
    ])('%s is 405, or 404 for an unknown path, with CORS on or off', async (_name, headers) => {
      for (const world of [open, closed]) {
        for (const path of PATHS) {
          const answer = await world.get(path, { method: 'OPTIONS', headers });
          expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
          expect(answer.headers['allow']).toMatch(/^GET, HEAD/);
          expect(answer.headers).not.toHaveProperty('access-control-allow-methods');
          expect(answer.headers).not.toHaveProperty('access-control-allow-headers');
        }
        const unknown = await world.get('/nothing', { method: 'OPTIONS', headers });
        expectProblem(unknown, 404, 'ROUTE_NOT_FOUND');
      }
    });

    test('OPTIONS * is 404', async () => {
      const bytes = 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
      for (const world of [open, closed])
        expect(await rawExchange(Number(new URL(world.program.url).port), bytes)).toMatch(/^HTTP\/1\.1 404 /);
    });

    test('an allowed origin can read the 405 response', async () => {
      const answer = await open.get('/contacts', { method: 'OPTIONS', headers: { origin } });
      expect(answer.headers['access-control-allow-origin']).toBe(origin);
      expect(String(answer.headers['vary'])).toMatch(/\borigin\b/i);
    });
  });
});
