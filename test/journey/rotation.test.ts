import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parsedLines } from '../support/child.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { exchange } from '../support/http.ts';
import { startRedis } from '../support/redis/redis-server.ts';
import { startProgram } from '../support/start-program.ts';
import type { Program } from '../support/start-program.ts';
import { startSlowUpstream } from '../support/slow-upstream.ts';
import type { SlowUpstream } from '../support/slow-upstream.ts';
import { goodClaims, newSecret, sign } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';
import { programEnv } from '../support/world.ts';

const [org, member] = [randomUUID(), randomUUID()];
let files: string;
let upstream: SlowUpstream;
let program: Program;
let jwtSecret: string;

beforeEach(async () => {
  files = mkdtempSync(path.join(os.tmpdir(), 'zyntro-bff-test-rotation-'));
  jwtSecret = newSecret();
  put('developer', 'zdk_the_first_one');
  put('jwt', jwtSecret);
  upstream = await startSlowUpstream(100);
  await start();
});

async function start(more: Record<string, string> = {}): Promise<void> {
  const { JWT_SECRET: _, ZYNTRO_DEVELOPER_SECRET: __, ...env } = programEnv(upstream, jwtSecret);
  program = await startProgram({
    ...env,
    JWT_SECRET_FILE: path.join(files, 'jwt'),
    ZYNTRO_DEVELOPER_SECRET_FILE: path.join(files, 'developer'),
    ...more,
  });
}

/** Restarts the program with additional variables. */
async function restart(more: Record<string, string>): Promise<void> {
  await program.stop();
  await start(more);
}
afterEach(async () => {
  await program?.stop();
  await upstream?.stop();
  rmSync(files, { recursive: true, force: true });
});

const put = (name: string, content: string) =>
  writeFileSync(path.join(files, name), content, { mode: 0o600 });
const get = (secret = jwtSecret, id: string = randomUUID()) =>
  exchange(`${program.url}/contacts/${id}`, { token: sign(goodClaims(org, member), secret) });

const secrets = (calls: SlowUpstream['calls']) => new Set(calls.map((call) => call.developerSecret));

const linesOf = (message: RegExp) =>
  parsedLines(program.stdout()).filter((line) => message.test(String(line['msg'])));

async function hangUp(): Promise<Record<string, unknown>> {
  const before = linesOf(/^secret/).length;
  program.signal('SIGHUP');
  return waitFor('the secrets to be reloaded', () => linesOf(/^secret/)[before]);
}

test('SIGHUP under load fails no request, and later calls use the new secret', async () => {
  const load = new AbortController();
  const statuses: number[] = [];
  const sentAfter = new Set<string>();
  let rotated = false;
  const clients = Array.from({ length: 8 }, async () => {
    while (!load.signal.aborted) {
      const id = randomUUID();
      if (rotated) sentAfter.add(id);
      statuses.push((await get(jwtSecret, id)).status);
    }
  });
  await waitFor('some calls', () => upstream.calls.length > 20);
  put('developer', 'zdk_the_second_one\n');
  expect(await hangUp()).toMatchObject({ level: 'info' });
  rotated = true;
  await waitFor(
    'more calls',
    () => upstream.calls.filter((call) => sentAfter.has(call.contactId)).length > 30,
  );
  load.abort();
  await Promise.all(clients);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(secrets(upstream.calls)).toEqual(new Set(['zdk_the_first_one', 'zdk_the_second_one']));
  await get();
  expect(secrets(upstream.calls.slice(-1))).toEqual(new Set(['zdk_the_second_one']));
  // Requests in flight during the reload may use the old secret; later ones may not.
  const late = upstream.calls.filter((call) => sentAfter.has(call.contactId));
  expect([...secrets(late)]).not.toContain('zdk_the_first_one');
});

test('SIGHUP keeps all previous secrets when a new one is empty, and logs its name', async () => {
  put('developer', '');
  put('jwt', newSecret());
  expect(await hangUp()).toMatchObject({
    level: 'error',
    variables: ['ZYNTRO_DEVELOPER_SECRET_FILE'],
    issues: ['ZYNTRO_DEVELOPER_SECRET_FILE: the file is empty'],
  });
  expect((await get()).status).toBe(200);
  expect(upstream.calls.at(-1)?.developerSecret).toBe('zdk_the_first_one');
});

test.each([
  ['REDIS_URL', 'redis://:p%zz@127.0.0.1:1'],
  ['EGRESS_PROXY_URL', 'http://user:p%zz@127.0.0.1:1'],
  ['CACHE_ENCRYPTION_KEYS', 'too-short'],
  ['LOG_HASH_KEY', 'changeme'],
])('SIGHUP keeps the previous value when %s is invalid, and requests succeed', async (name, broken) => {
  put(name, randomBytes(32).toString('base64'));
  const proxy = name === 'EGRESS_PROXY_URL' ? await startConnectProxy() : undefined;
  const redis = name === 'REDIS_URL' ? await startRedis() : undefined;
  try {
    if (proxy) put(name, proxy.url);
    if (redis) put(name, redis.url);
    await restart({ [`${name}_FILE`]: path.join(files, name) });
    put(name, broken);
    expect(await hangUp()).toMatchObject({ level: 'error', variables: [name] });
    expect(program.stdout()).not.toContain(broken);
    expect((await get()).status).toBe(200);
    await waitFor('readiness', async () => (await exchange(`${program.url}/readyz`)).status === 200);
  } finally {
    await redis?.stop();
    await proxy?.stop();
  }
});

test('SIGHUP reloads the secrets in every worker, or in none of them', async () => {
  const redis = await startRedis();
  try {
    await restart({ REDIS_URL: redis.url, WEB_CONCURRENCY: '2' });
    await waitFor('two workers', () => linesOf(/^listening$/).length === 2);
    put('developer', '');
    program.signal('SIGHUP');
    await waitFor('both to refuse', () => linesOf(/^secret reload failed/).length === 2);
    put('developer', 'zdk_the_second_one');
    program.signal('SIGHUP');
    await waitFor('both to reload', () => linesOf(/^secrets reloaded/).length === 2);
    for (let count = 0; count < 8; count += 1) expect((await get()).status).toBe(200);
    expect(secrets(upstream.calls)).toEqual(new Set(['zdk_the_second_one']));
  } finally {
    await program.stop();
    await redis.stop();
  }
});

test('SIGHUP accepts tokens of the new key and refuses tokens of the old one', async () => {
  const next = newSecret();
  expect((await get(next)).status).toBe(401);
  put('jwt', next);
  await hangUp();
  expect((await get(next)).status).toBe(200);
  expect((await get(jwtSecret)).status).toBe(401);
});
