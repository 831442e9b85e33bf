import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { exchange, type TestResponse } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { ISSUER } from '../support/tokens.ts';
import { startProgram, type Program } from '../support/start-program.ts';
import { startRedis } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { programEnv, startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const seconds = (delta = 0): number => Math.floor(Date.now() / 1000) + delta;
const get = (token: string): Promise<TestResponse> =>
  world.get(`/contacts/${world.directory.reference.contact}`, { token });
const statusOf = async (token: string) => (await get(token)).status;
const revoke = (body: unknown, headers: Record<string, string> = {}) =>
  world.admin('/revocations', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

test('only the token with the revoked jti is refused', async () => {
  const [jti, other] = [randomUUID(), randomUUID()];
  const [token, neighbour] = [world.token({ jti }), world.token({ jti: other })];
  expect([await statusOf(token), await statusOf(neighbour)]).toEqual([200, 200]);
  expect((await revoke({ jti, exp: seconds(600) })).status).toBe(204);
  expectProblem(await get(token), 401, 'INVALID_TOKEN');
  expect(await statusOf(neighbour)).toBe(200);
});

test('revoking a subject refuses all tokens issued until then', async () => {
  const sub = randomUUID();
  const tokens = [
    world.token({ sub }),
    world.token({ sub, jti: 'a' }),
    world.token({ sub, iat: undefined }),
    // Issued in the current second, and by an issuer whose clock is ahead.
    world.token({ sub, iat: Date.now() / 1000 }),
    world.token({ sub, iat: Date.now() / 1000 + 4 }),
  ];
  for (const token of tokens) expect(await statusOf(token)).toBe(200);
  expect((await revoke({ sub, iss: ISSUER })).status).toBe(204);
  for (const token of tokens) expectProblem(await get(token), 401, 'INVALID_TOKEN');
  expect(await statusOf(world.token())).toBe(200);
});

test('a token issued after the revocation and the tolerance is accepted', async () => {
  const sub = randomUUID();
  expect((await revoke({ sub, before: seconds(-6) })).status).toBe(204);
  expect(await statusOf(world.token({ sub, iat: seconds() }))).toBe(200);
});

test('revoking a subject does not affect the same subject of another issuer', async () => {
  const sub = randomUUID();
  expect((await revoke({ sub, iss: 'https://other.test/' })).status).toBe(204);
  expect(await statusOf(world.token({ sub }))).toBe(200);
});

test('revoking a subject with before refuses only tokens issued up to that time', async () => {
  const sub = randomUUID();
  expect((await revoke({ sub, before: seconds(-100) })).status).toBe(204);
  expect(await statusOf(world.token({ sub, iat: seconds(-100) }))).toBe(401);
  expect(await statusOf(world.token({ sub, iat: seconds(-90) }))).toBe(200);
});

test.each<[string, unknown]>([
  ['no content', undefined],
  ['invalid JSON', '{"jti"'],
  ['a list', []],
  ['neither jti nor sub', {}],
  ['both jti and sub', { jti: 'a', sub: 'b' }],
  ['an unknown member', { jti: 'a', reason: 'x' }],
  ['a jti that is not a string', { jti: 7 }],
  ['an empty jti', { jti: '' }],
  ['a jti with a line feed', { jti: 'a\nb' }],
  ['a jti over 256 characters', { jti: 'x'.repeat(257) }],
  ['a subject that is a list', { sub: ['a'] }],
  ['an exp that is a string', { jti: 'a', exp: '1' }],
  ['an exp in milliseconds', { jti: 'a', exp: Date.now() }],
  ['a before in milliseconds', { sub: 'a', before: Date.now() }],
  ['a before in the future', { sub: 'a', before: Date.now() / 1000 + 3600 }],
  ['a jti and before', { jti: 'a', before: 1 }],
])('a body with %s returns 400', async (_name, body) => {
  expectProblem(await revoke(body ?? ''), 400, 'INVALID_REQUEST');
});

test.each([
  ['bytes that are not UTF-8', { 'content-type': 'application/json' }],
  ['another charset', { 'content-type': 'application/json; charset=iso-8859-1' }],
  ['a content coding', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
])('refuses %s, instead of revoking for another subject', async (_title, headers) => {
  const body = Buffer.from('{"sub":"j\u00fcrgen"}', 'latin1');
  expectProblem(await world.admin('/revocations', { method: 'POST', headers, body }), 400, 'INVALID_REQUEST');
});

test('refuses a body over the limit before it has ended', async () => {
  const socket = connect(Number(new URL(world.program.adminUrl).port), '127.0.0.1');
  const head = 'POST /revocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const size = 20_000;
  socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /);
});

test('/revocations accepts only JSON, only POST, and only on the admin port', async () => {
  const body = { jti: randomUUID() };
  expectProblem(await revoke(body, { 'content-type': 'text/plain' }), 400, 'INVALID_REQUEST');
  expectProblem(await world.get('/revocations', { method: 'POST' }), 404, 'ROUTE_NOT_FOUND');
  expectProblem(await exchange(`${world.program.adminUrl}/revocations`), 405, 'METHOD_NOT_ALLOWED');
});

test('JWT_MAX_LIFETIME_S refuses tokens with a longer or unknown lifetime', async () => {
  const strict = await startWorld({ JWT_MAX_LIFETIME_S: '700' });
  try {
    const status = async (claims: object) =>
      (await strict.get(`/contacts/${strict.freshContact()}`, { token: strict.token({ ...claims }) })).status;
    expect(await status({})).toBe(200);
    expect(await status({ exp: seconds(720) })).toBe(401);
    expect(await status({ iat: undefined })).toBe(401);
  } finally {
    await strict.stop();
  }
});

test('with Redis a revocation applies to running processes and to processes that start later', async () => {
  const redis = await startRedis();
  const env = { ...programEnv(world.sandbox, world.secret), REDIS_URL: redis.url };
  const programs: Program[] = await Promise.all([startProgram(env), startProgram(env)]);
  try {
    const jti = randomUUID();
    const token = world.token({ jti });
    const path = `/contacts/${world.directory.reference.contact}`;
    const status = async ({ url }: { url: string }) => (await exchange(`${url}${path}`, { token })).status;
    expect(await Promise.all(programs.map(status))).toEqual([200, 200]);
    const answer = await exchange(`${programs[0]!.adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jti }),
    });
    expect(answer.status).toBe(204);
    expect(await status(programs[0]!)).toBe(401);
    await waitFor('the other process', async () => (await status(programs[1]!)) === 401);
    programs.push(await startProgram(env));
    expect(await status(programs[2]!)).toBe(401);
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    await redis.stop();
  }
});
