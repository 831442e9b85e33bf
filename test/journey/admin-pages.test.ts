import { rawExchange } from '../support/http.ts';
import { startWorld, type World } from '../support/world.ts';

const TOKEN = 'an-operator-token-of-enough-length-and-randomness';
let world: World;
let locked: World;
beforeAll(async () => {
  world = await startWorld();
  locked = await startWorld({ ADMIN_TOKEN: TOKEN });
});
afterAll(async () => {
  await locked?.stop();
  await world?.stop();
});

const portOf = ({ program }: World) => Number(new URL(program.adminUrl).port);
const JSON_TYPE = 'Content-Type: application/json';

async function statusOf(to: World, method: string, target: string, lines: readonly string[], body = '') {
  const length = method === 'POST' ? [`Content-Length: ${Buffer.byteLength(body)}`] : [];
  const head = [`${method} ${target} HTTP/1.1`, ...lines, ...length, 'Connection: close', '', body];
  const answer = await rawExchange(portOf(to), head.join('\r\n'));
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}
const revocation = JSON.stringify({ jti: 'a token of a test' });
const revoke = (to: World, ...lines: string[]) =>
  statusOf(to, 'POST', '/revocations', [JSON_TYPE, ...lines], revocation);
const local = (to: World) => `Host: 127.0.0.1:${portOf(to)}`;

describe('Host', () => {
  test('a DNS rebinding page that reaches the admin port under its own host name is refused', async () => {
    const host = `rebound.example:${portOf(world)}`;
    for (const path of [
      '/',
      '/status',
      '/metrics',
      '/readyz',
      '/healthz',
      '/openapi.json',
      '/page/page.js',
      '/x',
    ])
      expect([path, await statusOf(world, 'GET', path, [`Host: ${host}`])]).toEqual([path, 400]);
    const lines = [JSON_TYPE, `Host: ${host}`, `Origin: http://${host}`, 'Sec-Fetch-Site: same-origin'];
    for (const path of ['/invalidations', '/revocations'])
      expect([path, await statusOf(world, 'POST', path, lines, revocation)]).toEqual([path, 400]);
  });

  test.each([
    'localhost.evil.example',
    'localhost.',
    'localhost',
    'LOCALHOST:3001',
    'app.localhost',
    'notlocalhost',
    '127.0.0.1',
    '127.255.1.2:1',
    '127.0.0.1.',
    '127.0.0.1.evil.example',
    '128.0.0.1',
    '0.0.0.0',
    '192.168.0.1',
    '[::1]:3001',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::]',
    '[::2]',
    '127.0.0.1:99999',
  ])('the Host %s is accepted only if it is a loopback name', async (host) => {
    const loopback =
      /^(localhost\.?|LOCALHOST:3001|app\.localhost|127(\.\d+){3}(:1|\.)?|\[(::1|0:.*|::ffff:.*)\](:3001)?)$/;
    expect(await statusOf(world, 'GET', '/status', [`Host: ${host}`])).toBe(loopback.test(host) ? 200 : 400);
  });

  test('checks the host of an absolute request target', async () => {
    expect(await statusOf(world, 'GET', 'http://rebound.example/status', [local(world)])).toBe(400);
    expect(await statusOf(world, 'GET', 'http://localhost/status', [local(world)])).toBe(200);
  });

  test('with ADMIN_TOKEN any Host is accepted, because a web page does not have the token', async () => {
    const lines = ['Host: bff.internal', `Authorization: Bearer ${TOKEN}`];
    expect(await statusOf(locked, 'GET', '/status', lines)).toBe(200);
    expect(await statusOf(locked, 'GET', '/status', ['Host: bff.internal'])).toBe(401);
  });
});

test('a repeated Authorization header is refused on the admin port', async () => {
  const good = `Authorization: Bearer ${TOKEN}`;
  for (const pair of [
    [good, `${good}x`],
    [`${good}x`, good],
    [good, good],
    [good, 'authorization: Basic eDp5'],
  ])
    expect([pair, await statusOf(locked, 'GET', '/status', [local(locked), ...pair])]).toEqual([pair, 401]);
  expect(await statusOf(locked, 'GET', '/status', [local(locked), good])).toBe(200);
});

describe('Origin', () => {
  test('a cross-site request that changes state on the admin port is refused', async () => {
    for (const lines of [
      ['Origin: https://evil.example'],
      ['Origin: null'],
      ['Origin: http://127.0.0.1:1'],
      ['Sec-Fetch-Site: cross-site'],
      ['Sec-Fetch-Site: same-site'],
      ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
    ]) {
      expect([lines, await revoke(world, local(world), ...lines)]).toEqual([lines, 400]);
      const withToken = await revoke(locked, local(locked), `Authorization: Bearer ${TOKEN}`, ...lines);
      expect([lines, withToken]).toEqual([lines, 400]);
    }
  });

  test('accepts requests without Origin and same-origin requests', async () => {
    expect(await revoke(world, local(world))).toBe(204);
    const origin = `Origin: http://127.0.0.1:${portOf(world)}`;
    expect(await revoke(world, local(world), origin, 'Sec-Fetch-Site: same-origin')).toBe(204);
    const own = ['Host: bff.internal', 'Origin: https://bff.internal', `Authorization: Bearer ${TOKEN}`];
    expect(await revoke(locked, ...own)).toBe(204);
  });
});
