import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { parsedLines } from '../support/child.ts';
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
  ['HOST', { HOST: 'no-such-host.invalid' }],
  ['HOST', { HOST: 'fe80::1%no-such-zone' }],
  ['HOST', { HOST: '[::1]' }],
  ['HOST', { HOST: 'two words' }],
  ['ADMIN_HOST', { ADMIN_HOST: FOREIGN }],
  ['ADMIN_HOST', { ADMIN_HOST: FOREIGN, WEB_CONCURRENCY: '2' }],
])('an unusable listen address stops the program and the log names %s: %j', async (name, env) => {
  const { code, stdout } = await run(env);
  expect(code).toBe(1);
  const fatal = parsedLines(stdout).find(({ level }) => level === 'fatal');
  expect(fatal).toMatchObject({ variable: name, advice: expect.stringContaining(name) });
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
