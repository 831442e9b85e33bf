import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { VARIABLES } from '../../src/config/index.ts';
import { installPackage } from '../support/apt-install.ts';
import { PROJECT_ROOT, parsedLines } from '../support/child.ts';
import { exchange } from '../support/http.ts';
import { API_KEY, DEVELOPER_SECRET } from '../support/start-sandbox.ts';
import { AUDIENCE, ISSUER, newSecret } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';

const FOLDER = path.join(PROJECT_ROOT, 'config/systemd');
const unit = readFileSync(path.join(FOLDER, 'zyntro-bff.service'), 'utf8');
const example = parseEnv(readFileSync(path.join(FOLDER, 'environment.example'), 'utf8'));
const INSTALLED = '/opt/zyntro-bff';
const TOOL_TIMEOUT_MS = 60_000;

/** Returns the values of a setting of the unit, in their order. */
const valuesOf = (name: string): string[] =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value!);

let directory: string;
beforeAll(() => void (directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-systemd-'))));
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs systemd-analyze on the unit, with the program of this project in place of the installed one. */
function analyze(...args: string[]) {
  installPackage('systemd', 'systemd-analyze');
  const file = path.join(directory, 'zyntro-bff.service');
  writeFileSync(file, unit.replaceAll(`${INSTALLED}/node_modules/.bin/node`, process.execPath));
  return spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8', timeout: TOOL_TIMEOUT_MS });
}

test('systemd accepts the unit without a warning', () => {
  const { status, stdout, stderr } = analyze('verify', '--man=no');
  expect({ status, output: `${stdout}${stderr}` }).toEqual({ status: 0, output: '' });
});

test('systemd rates the exposure of the service as low', () => {
  const { status, stdout, stderr } = analyze('security', '--offline=true', '--threshold=20', '--no-pager');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/Overall exposure level for zyntro-bff.service: 1\.\d OK/);
});

test('the command of the unit starts, reloads its secrets, and stops with 0', async () => {
  const [command] = valuesOf('ExecStart');
  const [program, ...args] = command!.split(' ');
  expect([program, valuesOf('WorkingDirectory')]).toEqual([
    `${INSTALLED}/node_modules/.bin/node`,
    [INSTALLED],
  ]);
  const secret = path.join(directory, 'zyntro_api_key');
  writeFileSync(secret, API_KEY);
  const env = {
    ...Object.fromEntries(valuesOf('Environment').map((one) => one.split('=') as [string, string])),
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: AUDIENCE,
    JWT_SECRET: newSecret(),
    ZYNTRO_API_KEY_FILE: secret,
    ZYNTRO_DEVELOPER_SECRET: DEVELOPER_SECRET,
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
  };
  const service = spawn(process.execPath, args, {
    cwd: PROJECT_ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(service, 'exit');
  try {
    let output = '';
    for (const stream of [service.stdout, service.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const logged = (message: string) =>
      waitFor(`${message} in:\n${output}`, () => parsedLines(output).find(({ msg }) => msg === message));
    const { port } = await logged('listening');
    expect((await exchange(`http://127.0.0.1:${String(port)}/healthz`)).status).toBe(200);
    expect(valuesOf('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID']);
    service.kill('SIGHUP');
    await logged('secrets reloaded');
    service.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  } finally {
    service.kill('SIGKILL');
  }
});

test('a configuration error does not make systemd restart the service', () => {
  expect(valuesOf('RestartPreventExitStatus')[0]!.split(' ')).toContain('78');
});

test('the service is killed only after the time to drain', () => {
  const graceMs = VARIABLES.SHUTDOWN_GRACE_MS.default;
  expect(Number(valuesOf('TimeoutStopSec')[0]) * 1000).toBeGreaterThan(graceMs + 3000);
});

test('the example of the environment has known variables, and secrets as files only', () => {
  const secrets = Object.entries(VARIABLES)
    .filter(([, { secret }]) => secret)
    .map(([name]) => name);
  const known = [...Object.keys(VARIABLES), ...secrets.map((name) => `${name}_FILE`)];
  for (const name of Object.keys(example)) expect(known).toContain(name);
  expect(Object.keys(example).filter((name) => secrets.includes(name))).toEqual([]);
});
