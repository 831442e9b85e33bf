import net from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsedLines } from '../support/child.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorld, type World } from '../support/world.ts';

const ID = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world?.stop());

/** Sends raw bytes and resolves with all received text when the server closes the connection. */
async function send(port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code));

const REFUSALS: readonly (readonly [name: string, bytes: string, status: number, code: string])[] = [
  ['a missing Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'INVALID_REQUEST'],
  ['HTTP/2.0', 'GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n', 505, 'INVALID_REQUEST'],
  ['HTTP/9.9', 'GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n', 505, 'INVALID_REQUEST'],
  ['CONNECT', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'INVALID_REQUEST'],
  ['CONNECT over HTTP/1.0', 'CONNECT 127.0.0.1:22 HTTP/1.0\r\n\r\n', 400, 'INVALID_REQUEST'],
  ['a broken request line', 'NONSENSE\r\n\r\n', 400, 'INVALID_REQUEST'],
  [
    'a header of 20 kB',
    `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    431,
    'REQUEST_HEADERS_TOO_LARGE',
  ],
  [
    'an unknown expectation',
    'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 200-ok\r\n\r\n',
    417,
    'INVALID_REQUEST',
  ],
  [
    'a target with a fragment',
    'GET /healthz#x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    400,
    'INVALID_REQUEST',
  ],
  [
    'two expectations',
    'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue, other\r\n\r\n',
    417,
    'INVALID_REQUEST',
  ],
];

/** Request targets in absolute form that are not URLs. */
const NO_URLS = ['http://a:b/', 'http://[/', 'http://[::1', 'http://'];
const NO_URL: typeof REFUSALS = NO_URLS.flatMap((target) => [
  [`GET ${target}`, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 400, 'INVALID_REQUEST'],
  [
    `POST ${target} with a body`,
    `POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`,
    400,
    'INVALID_REQUEST',
  ],
]);

describe.each([
  ['public', () => world.program.port],
  ['admin', () => world.program.adminPort],
])('the %s port', (_name, port) => {
  test.each([...REFUSALS, ...NO_URL])(
    'refuses %s with a problem and the security headers',
    async (_what, bytes, status, code) => {
      const text = await send(port(), bytes);
      expect(statuses(text)).toEqual([status]);
      expect(text).toMatch(/^Content-Type: application\/problem\+json\r$/m);
      expect(text).toMatch(/^X-Content-Type-Options: nosniff\r$/m);
      expect(text).toMatch(/^Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r$/m);
      expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({
        status,
        code,
        instance: expect.any(String),
      });
    },
  );

  test('ignores bytes after a request with Connection: close', async () => {
    const health = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n';
    expect(statuses(await send(port(), `${health}Connection: close\r\n\r\n${health}\r\n`))).toEqual([200]);
  });

  test('serves HTTP/1.0 without Host and ignores Expect', async () => {
    expect(await send(port(), 'GET /healthz HTTP/1.0\r\nExpect: other\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

test.each([
  ['public', `POST /contacts/${ID}`, 999_999],
  ['public', `PATCH /contacts/${ID}`, 65_537],
  ['public', `GET /contacts/${ID}`, 20_000],
  ['admin', 'POST /invalidations', 20_000],
] as const)(
  'on the %s port, %s with a length of %i is 413 at once, without 100 Continue',
  async (port, request, length) => {
    const head = `${request} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    const text = await send(port === 'admin' ? world.program.adminPort : world.program.port, head);
    expect(statuses(text)).toEqual([413]);
    expect(text).toContain('"code":"CONTENT_TOO_LARGE"');
  },
);

const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n';
const POST = 'POST /nothing HTTP/1.1\r\nHost: localhost\r\n';

test.each([
  ['an offer to upgrade', `${HEALTH}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, 200],
  [
    'an offer to upgrade after another request',
    `${HEALTH}\r\n${HEALTH}Connection: keep-alive, upgrade\r\nUpgrade: h2c\r\n\r\n`,
    200,
  ],
  ['a body over the limit', `${POST}Content-Length: 20000\r\n\r\n${'x'.repeat(20_000)}`, 413],
])('closes the connection after %s, and processes nothing behind it', async (_what, first, status) => {
  const before = await requestsCounted();
  const text = await send(world.program.port, `${first}${HEALTH}\r\n${HEALTH}\r\n`);
  const count = first.split('/healthz').length - 1;
  expect(statuses(text)).toEqual(count === 2 ? [200, status] : [status]);
  expect(text).toMatch(/^Connection: close\r$/m);
  expect((await requestsCounted()) - before).toBe(Math.max(count, 1));
});

/** Returns the number of requests of the public port. */
async function requestsCounted(): Promise<number> {
  await sleep(50);
  const lines = parsedLines(world.program.stdout());
  return lines.filter(({ msg, route }) => msg === 'request' && route !== '/metrics').length;
}

test('the admin port refuses a chunked body over the limit on a route that reads none', async () => {
  const text = await send(
    world.program.adminPort,
    `${HEALTH}Transfer-Encoding: chunked\r\n\r\n4e20\r\n${'x'.repeat(20_000)}\r\n0\r\n\r\n`,
  );
  expect(statuses(text)).toEqual([413]);
});

test.each([
  [
    'a preflight',
    'OPTIONS /contacts HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n',
    204,
  ],
  ['a request without Host', 'GET /healthz HTTP/1.1\r\n', 400],
  ['an unknown expectation', 'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: x\r\n', 417],
])('does not read the body of %s, however long it says it is', async (_what, head, status) => {
  const open = await startWorld({ CORS_ORIGINS: 'https://a.example' });
  try {
    for (const length of ['Content-Length: 10000000000', 'Transfer-Encoding: chunked']) {
      const text = await send(open.program.port, `${head}${length}\r\n\r\n`);
      expect(statuses(text)).toEqual([status]);
      expect(text).toMatch(/^Connection: close\r$/m);
    }
  } finally {
    await open.stop();
  }
});

test('the response to a broken HEAD has no body', async () => {
  const head = 'HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n';
  const text = await send(world.program.port, head);
  expect(text).toMatch(/^HTTP\/1\.1 400 [^]*\r\n\r\n$/);
});

test('a request that the parser refuses is logged and counted', async () => {
  const text = await send(world.program.port, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  const { requestId } = JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as { requestId: string };
  const line = await waitFor('the log line', () =>
    parsedLines(world.program.stdout()).find((one) => one['requestId'] === requestId),
  );
  expect(line).toMatchObject({
    msg: 'request',
    status: 431,
    code: 'REQUEST_HEADERS_TOO_LARGE',
    reason: 'HPE_HEADER_OVERFLOW',
    route: 'unmatched',
  });
  expect((await world.admin('/metrics')).text).toMatch(/status="431"[^\n]* [1-9]/);
});
