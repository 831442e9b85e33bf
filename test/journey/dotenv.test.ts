import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { readSettings } from '../../src/sandbox/settings.ts';
import { PROJECT_ROOT, jsonLine, runNode, startNode } from '../support/child.ts';
import type { Child } from '../support/child.ts';
import { readDirectory } from '../support/directory.ts';
import { exchange } from '../support/http.ts';
import { startSandbox } from '../support/start-sandbox.ts';
import type { Sandbox } from '../support/start-sandbox.ts';
import { goodClaims, newSecret, sign } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';

const EXAMPLE = readFileSync(path.join(PROJECT_ROOT, '.env.example'), 'utf8');
const FREE_PORTS = { PORT: '0', ADMIN_PORT: '0' };

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(() => sandbox?.stop());

const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-dotenv-'));
const dotenv = path.join(directory, '.env');
afterEach(() => rmSync(dotenv, { recursive: true, force: true }));
afterAll(() => rmSync(directory, { recursive: true }));

function write(settings: Readonly<Record<string, string>>): void {
  writeFileSync(
    dotenv,
    Object.entries(settings)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(''),
  );
}

/** Starts the program in the directory of the .env file, with only the given variables. */
const start = (env: Record<string, string> = {}): Child =>
  startNode('src/main.ts', { ...FREE_PORTS, ...env }, undefined, { cwd: directory });
const listening = async (program: Child): Promise<string> => {
  const { port } = await jsonLine(program, (line) => line['msg'] === 'listening');
  return `http://127.0.0.1:${String(port)}`;
};
const refusal = (env: Record<string, string> = {}) =>
  runNode('src/main.ts', { ...FREE_PORTS, ...env }, { cwd: directory });

describe('.env in the working directory', () => {
  test.each([[{}], [{ NODE_ENV: 'development' }]])('is read with %j', async (env) => {
    write(programEnv(sandbox, newSecret()));
    const program = start(env);
    try {
      expect((await exchange(`${await listening(program)}/readyz`)).status).toBe(200);
    } finally {
      await program.stop();
    }
  });

  test.each(['production', 'test', 'staging'])('is not read when NODE_ENV is %s', async (NODE_ENV) => {
    write(programEnv(sandbox, newSecret()));
    const { code, stderr } = await refusal({ NODE_ENV });
    expect(code).toBe(78);
    for (const name of ['JWT_SECRET', 'ZYNTRO_API_KEY', 'ZYNTRO_DEVELOPER_SECRET'])
      expect(stderr).toContain(name);
  });

  test('does not override the environment', async () => {
    const secret = newSecret();
    write({ ...programEnv(sandbox, newSecret()), JWT_ISSUER: 'https://from-the-file.test/' });
    const program = start({ JWT_SECRET: secret });
    try {
      const url = await listening(program);
      const { org, member, contact } = readDirectory(await sandbox.directory()).reference;
      const tokenOf = (iss: string) => sign(goodClaims(org, member, { iss }), secret);
      const statusOf = async (token: string) =>
        (await exchange(`${url}/contacts/${contact}`, { token })).status;
      expect(await statusOf(tokenOf('https://from-the-file.test/'))).toBe(200);
      expect(await statusOf(tokenOf('https://elsewhere.test/'))).toBe(401);
    } finally {
      await program.stop();
    }
  });

  test('requires issuer and audience when neither .env nor the environment sets NODE_ENV', async () => {
    write({ ...programEnv(sandbox, newSecret()), JWT_ISSUER: '', JWT_AUDIENCE: '' });
    const { code, stderr } = await refusal();
    expect(code).toBe(78);
    expect(stderr).toContain('JWT_ISSUER');
    expect(stderr).toContain('JWT_AUDIENCE');
  });

  test('is reported without a stack trace when it cannot be read', async () => {
    mkdirSync(dotenv);
    const { code, stderr } = await refusal();
    expect(code).toBe(78);
    expect(stderr).toMatch(/^ {2}\.env: the file is a directory$/m);
    expect(stderr).not.toMatch(/\bat \S+ \(/);
    const token = await runNode('src/cli/token.ts', {}, { cwd: directory, args: [] });
    expect(token.stderr).not.toMatch(/\bat \S+ \(/);
  });

  test('is not reported when it does not exist', async () => {
    const { code, stderr } = await refusal();
    expect(code).toBe(78);
    expect(stderr).not.toContain('.env');
  });
});

describe('.env.example', () => {
  const settings = parseEnv(EXAMPLE);

  test('matches the sandbox defaults of `npm run sandbox`', () => {
    const { host, port, world } = readSettings({});
    expect(settings).toMatchObject({
      ZYNTRO_BASE_URL: `http://${host}:${port}`,
      ZYNTRO_API_KEY: world.apiKey,
      ZYNTRO_DEVELOPER_SECRET: world.developerSecret,
    });
  });

  test('is sufficient for the proxy, the sandbox and the token command', async () => {
    writeFileSync(dotenv, EXAMPLE.replace('127.0.0.1:4010', `127.0.0.1:${sandbox.port}`));
    const program = start();
    try {
      const url = await listening(program);
      const { org, member, contact } = readDirectory(await sandbox.directory()).reference;
      const args = ['--org', org, '--member', member];
      const minted = await runNode('src/cli/token.ts', {}, { cwd: directory, args });
      expect({ code: minted.code, stderr: minted.stderr }).toEqual({ code: 0, stderr: '' });
      const answer = await exchange(`${url}/contacts/${contact}?include=notes`, {
        token: minted.stdout.trim(),
        headers: { origin: 'http://localhost:5173' },
      });
      expect(answer.status).toBe(200);
      expect(answer.headers['access-control-allow-origin']).toBe('http://localhost:5173');
      expect(answer.json().data.contact.name).toBe('Jane Smith');
    } finally {
      await program.stop();
    }
  });

  test('is refused with a real upstream while it has the demo secret', async () => {
    writeFileSync(dotenv, EXAMPLE.replace('http://127.0.0.1:4010', 'https://app.zyntrohq.com'));
    const { code, stderr } = await refusal();
    expect(code).toBe(78);
    expect(stderr).toMatch(/JWT_SECRET: is the public secret of the demo/);
    expect(stderr).not.toContain(settings['JWT_SECRET']);
  });
});
