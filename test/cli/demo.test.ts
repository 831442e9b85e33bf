import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startNode } from '../support/child.ts';
import type { Child, StartOptions } from '../support/child.ts';
import type { Json } from '../support/http.ts';
import { HANG_MS, waitFor } from '../support/wait-for.ts';

const FREE_PORTS = { PORT: '0', ADMIN_PORT: '0', SANDBOX_PORT: '0', SANDBOX_CONTROL_PORT: '0' };
/** The end of the text that the demo prints once everything runs. */
const PRINTED = 'Ctrl-C stops both.';

const start = (env: Record<string, string> = {}, options: StartOptions = {}): Child =>
  startNode('src/cli/demo.ts', { ...FREE_PORTS, ...env }, undefined, options);

async function printed(demo: Child): Promise<string> {
  let ended = false;
  void demo.exited.then(() => (ended = true));
  return waitFor(
    'the instructions',
    () => {
      if (ended) throw new Error(`the demo ended:\n${demo.stderr()}`);
      return demo.stdout().includes(PRINTED) && demo.stdout();
    },
    2 * HANG_MS,
  );
}

/** What is to be pasted, step by step; the token comes before the first. */
function stepsOf(text: string): { token: string; steps: string[] } {
  const token = /^TOKEN='[^']+'$/m.exec(text)?.[0] ?? '';
  const steps = text.split(/^# \d\. .*$/m).slice(1);
  return { token, steps: steps.map((step) => step.split('\nBelow is')[0]!.trim()) };
}

/** Runs a command in bash, as it was printed. */
function paste(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', `set -u\n${command}`], { timeout: HANG_MS }, (error, stdout, stderr) => {
      if (error && stdout === '') reject(new Error(`${command}\n${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
}

/** The processes that a process started and that still run, by Linux's account of them. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await paste(`cat /proc/${pid}/task/*/children; echo`);
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function stopsAll(demo: Child, stop: (children: readonly number[]) => void): Promise<void> {
  const children = await childrenOf(demo.pid);
  expect(children).toHaveLength(2);
  stop(children);
  expect(await demo.exited).toEqual({ code: 0, signal: null });
  expect(children.filter(isRunning)).toEqual([]);
}

test('curl is there to paste into', async () => {
  expect(await paste('command -v curl || echo "install curl to run these tests"')).toMatch(/\/curl\n$/);
});

const dataOf = (answer: string): Json => JSON.parse(/^\{.*$/m.exec(answer)?.[0] ?? 'null');

describe('what the demo prints', () => {
  let demo: Child;
  let text: string;
  let answers: string[];
  beforeAll(async () => {
    demo = start();
    text = await printed(demo);
    const { token, steps } = stepsOf(text);
    answers = [];
    for (const step of steps) answers.push(await paste(`${token}\n${step}`));
  });
  afterAll(() => demo?.stop());

  const ID = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';

  test('has a token and seven steps', () => {
    expect(stepsOf(text).token).toMatch(/^TOKEN='eyJ[\w-]+\.[\w-]+\.[\w-]+'$/);
    expect(answers).toHaveLength(7);
  });

  test('1: a miss, with the notes', () => {
    expect(answers[0]).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*^cache-status: zyntro-bff; fwd=miss; stored\r$/im);
    const { data } = dataOf(answers[0]!);
    expect(Object.keys(data).toSorted()).toEqual(['contact', 'notes']);
    expect(data.contact).toMatchObject({ id: ID, name: 'Jane Smith' });
  });

  test('2: the same as a hit', () => {
    expect(answers[1]).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*^cache-status: zyntro-bff; hit; ttl=\d+\r$/im);
    expect(dataOf(answers[1]!)).toEqual(dataOf(answers[0]!));
  });

  test('3: a part of it from the cache', () => {
    expect(answers[2]).toMatch(/^cache-status: zyntro-bff; fwd=partial; stored\r$/im);
    expect(dataOf(answers[2]!).data.entity.name).toBe('Acme Corp');
  });

  test('4: a 404, as a problem', () => {
    expect(answers[3]).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(dataOf(answers[3]!).code).toBe('CONTACT_NOT_FOUND');
  });

  test('5: a 401, with its challenge', () => {
    expect(answers[4]).toMatch(
      /^HTTP\/1\.1 401 Unauthorized\r\n[^]*^www-authenticate: Bearer .*invalid_token/im,
    );
    expect(dataOf(answers[4]!).code).toBe('INVALID_TOKEN');
  });

  test('6: three calls, and what each of them asked for', () => {
    const { count, calls } = JSON.parse(answers[5]!);
    expect(count).toBe(3);
    expect(calls.map((call: Json) => [call.contactId === ID, call.include, call.outcome])).toEqual([
      [true, ['notes'], 'success'],
      [true, ['entity'], 'success'],
      [false, [], 'NOT_FOUND'],
    ]);
  });

  test('7: a 204, and then a miss', async () => {
    expect(answers[6]).toBe('HTTP/1.1 204 No Content\r\n');
    const { token, steps } = stepsOf(text);
    expect(await paste(`${token}\n${steps[1]}`)).toMatch(/^cache-status: zyntro-bff; fwd=miss; stored\r$/im);
  });

  test("is followed by the proxy's log, which does not hold the token", () => {
    const log = demo.stdout().split(PRINTED)[1]!;
    expect(log.match(/"msg":"request"/g)?.length).toBeGreaterThanOrEqual(6);
    expect(log).not.toMatch(/eyJ/);
  });

  test('one after the other is what a whole paste does, too', async () => {
    const { token, steps } = stepsOf(text);
    const output = await paste([token, ...steps].join('\n'));
    expect(output.match(/^HTTP\/1\.1 \d+/gm)).toHaveLength(6);
  });

  test('ends with Ctrl-C', () => stopsAll(demo, () => demo.signal('SIGINT')));
});

describe('stopping', () => {
  test('by a Ctrl-C of the terminal, which reaches the children as well', async () => {
    const demo = start({}, { detached: true });
    await printed(demo);
    await stopsAll(demo, () => process.kill(-demo.pid, 'SIGINT'));
    expect(demo.stderr()).toBe('');
  });

  test.each([[0], [1]])('while it starts, with %i child ready, leaves nothing behind', async (ready) => {
    const demo = start({}, { detached: true });
    await waitFor('a child', async () => (await childrenOf(demo.pid)).length > ready);
    const children = await childrenOf(demo.pid);
    demo.signal('SIGINT');
    expect(await demo.exited).toEqual({ code: 0, signal: null });
    expect(children.filter(isRunning)).toEqual([]);
    expect(() => process.kill(-demo.pid, 0)).toThrow('ESRCH');
    expect(demo.stderr()).toBe('');
  });

  test('is no failure where a Ctrl-C reached a child first', async () => {
    const demo = start();
    await printed(demo);
    await stopsAll(demo, ([, proxy]) => process.kill(proxy!, 'SIGINT'));
    expect(demo.stderr()).toBe('');
  });

  test('where one child dies, stops the other and says so', async () => {
    const demo = start();
    await printed(demo);
    const children = await childrenOf(demo.pid);
    process.kill(children[1]!, 'SIGKILL');
    expect(await demo.exited).toEqual({ code: 1, signal: null });
    expect(demo.stderr()).toBe('\nThe proxy ended (SIGKILL); the demo stops.\n');
    expect(children.filter(isRunning)).toEqual([]);
  });
});

test.each(['PORT', 'ADMIN_PORT', 'SANDBOX_PORT', 'SANDBOX_CONTROL_PORT'])(
  'a %s in use is said plainly, and nothing is left behind',
  async (name) => {
    const blocker = net.createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    try {
      const port = String((blocker.address() as AddressInfo).port);
      const demo = start({ [name]: port }, { detached: true });
      expect(await demo.exited).toEqual({ code: 1, signal: null });
      expect(`${demo.stdout()}${demo.stderr()}`).toContain(`choose another ${name}`);
      expect(demo.stderr()).toMatch(
        /^The demo cannot start: the (proxy|sandbox) says above what is wrong\.$/m,
      );
      expect(demo.stderr()).not.toMatch(/\bat \S+ \(/);
      expect(() => process.kill(-demo.pid, 0)).toThrow('ESRCH');
    } finally {
      blocker.close();
    }
  },
);

describe('settings for a real upstream', () => {
  const REAL = {
    NODE_ENV: 'production',
    JWT_SECRET: 'a-real-secret-of-the-user-that-is-not-for-demonstrations',
    JWT_ISSUER: 'https://id.example.com',
    JWT_AUDIENCE: 'elsewhere',
    JWT_CLAIM_ORG: 'tenant',
    ZYNTRO_BASE_URL: 'https://real.example.com',
    ZYNTRO_API_KEY: 'a-real-key',
    ZYNTRO_DEVELOPER_SECRET: 'zdk_real',
    ZYNTRO_CREDENTIALS: '{}',
    EGRESS_LOCAL_ADDRESS: '192.0.2.1',
    SANDBOX_ALLOWED_IPS: '192.0.2.1',
    UPSTREAM_TIMEOUT_MS: '1',
  };
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-demo-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each([
    ['in the environment', REAL, {}],
    ['in a .env file', {}, { cwd: directory }],
  ])('%s do not reach the demo', async (_name, env, options) => {
    const lines = Object.entries(REAL).map(([name, value]) => `${name}=${value}`);
    writeFileSync(path.join(directory, '.env'), lines.join('\n').replace('production', 'development'));
    const demo = start(env, options);
    try {
      const { token, steps } = stepsOf(await printed(demo));
      expect(await paste(`${token}\n${steps[0]}`)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    } finally {
      await demo.stop();
    }
  });
});
