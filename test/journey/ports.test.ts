import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { parsedLines } from '../support/child.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { runProgram } from '../support/start-program.ts';
import { newSecret } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

const run = (env: Record<string, string>) =>
  runProgram({
    ...programEnv({ url: 'http://127.0.0.1:9' }, newSecret()),
    REDIS_URL: redis.url,
    ADMIN_TOKEN: newSecret(),
    ...env,
  });

/** An address of TEST-NET-3 (RFC 5737), which no machine has. */
const FOREIGN = '203.0.113.77';

test.each([
  ['HOST', { HOST: FOREIGN }],
  ['HOST', { HOST: FOREIGN, WEB_CONCURRENCY: '2' }],
  ['HOST', { HOST: 'fe80::1%no-such-zone' }],
  ['HOST', { HOST: '[::1]' }],
  ['HOST', { HOST: 'two words' }],
  ['ADMIN_HOST', { ADMIN_HOST: FOREIGN }],
  ['ADMIN_HOST', { ADMIN_HOST: FOREIGN, WEB_CONCURRENCY: '2' }],
])('a host that this machine does not have is a configuration error of %s: %j', async (name, env) => {
  const { code, stderr } = await run(env);
  expect(code).toBe(78);
  expect(stderr).toMatch(
    new RegExp(`1 issue\\(s\\):\\n {2}${name}: (is not an address|must be an IP address)`),
  );
});

test('a host name without an address stops the program and is named', async () => {
  const { code, stdout, stderr } = await run({ HOST: 'no-such-host.invalid' });
  // Without a name server, the failure can be temporary, so it is not a configuration error.
  expect([1, 78]).toContain(code);
  expect(stdout + stderr).toMatch(/HOST: is not an address|"variable":"HOST"/);
});

test.each([
  [{ PORT: '3999', ADMIN_PORT: '3999' }],
  [{ PORT: '3999', ADMIN_PORT: '3999', HOST: '127.0.0.1' }],
  [{ PORT: '3999', ADMIN_PORT: '3999', HOST: '::' }],
  [{ PORT: '3999', ADMIN_PORT: '3999', HOST: '127.0.0.1', ADMIN_HOST: '0.0.0.0' }],
])('ADMIN_PORT equal to PORT is a configuration error: %j', async (env) => {
  const { code, stderr } = await run(env);
  expect(code).toBe(78);
  expect(stderr).toContain('ADMIN_PORT: is equal to PORT');
});

test.each([
  ['PORT', {}],
  ['ADMIN_PORT', { WEB_CONCURRENCY: '2' }],
])('a %s in use stops the program, and the log names it: %j', async (name, env) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const port = String((server.address() as AddressInfo).port);
    const { code, stdout } = await run({ ...env, HOST: '127.0.0.1', [name]: port });
    expect(code).toBe(1);
    const fatal = parsedLines(stdout).find(({ level }) => level === 'fatal');
    expect(fatal).toMatchObject({
      code: 'EADDRINUSE',
      variable: name,
      advice: expect.stringContaining(name),
    });
  } finally {
    server.close();
  }
});
