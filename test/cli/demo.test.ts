import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isRunning, type Child } from '../support/child.ts';
import { childrenOf, paste, PRINTED, printed, startDemo, stepsOf } from '../support/demo.ts';
import type { Json } from '../support/http.ts';
import { waitFor } from '../support/wait-for.ts';

async function stopsAll(demo: Child, stop: (children: readonly number[]) => void): Promise<void> {
  const children = await childrenOf(demo.pid);
  expect(children).toHaveLength(2);
  stop(children);
  expect(await demo.exited).toEqual({ code: 0, signal: null });
  expect(children.filter(isRunning)).toEqual([]);
}

test('curl is installed', async () => {
  expect(await paste('command -v curl || echo "install curl to run these tests"')).toMatch(/\/curl\n$/);
});

const dataOf = (output: string): Json => JSON.parse(/^\{.*$/m.exec(output)?.[0] ?? 'null');

describe('demo instructions', () => {
  let demo: Child;
  let text: string;
  let answers: string[];
  beforeAll(async () => {
    demo = startDemo();
    text = await printed(demo);
    const { token, steps } = stepsOf(text);
    answers = [];
    for (const step of steps) answers.push(await paste(`${token}\n${step}`));
  });
  afterAll(() => demo?.stop());

  const ID = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';

  test('contain a token and thirteen steps', () => {
    expect(stepsOf(text).token).toMatch(/^TOKEN='eyJ[\w-]+\.[\w-]+\.[\w-]+'$/);
    expect(answers).toHaveLength(13);
  });

  test('list the pages of the proxy and of the sandbox', async () => {
    const urls = [...text.matchAll(/^ {2}(http:\S+) {3,}\S/gm)].map(([, url]) => url!);
    expect(urls).toHaveLength(3);
    const pages = urls.map(async (url) => (await fetch(url)).text());
    const [docs, dashboard, directory] = await Promise.all(pages);
    expect(docs).toContain('Contacts API');
    expect(dashboard).toContain('zyntro-bff');
    expect(JSON.parse(directory!)).toHaveProperty('organizations');
  });

  test('list the origins of Vite and Next.js, whose pages may call', async () => {
    const list = /^Pages of these origins .*\n {2}(.*)$/m.exec(text)![1]!;
    const hosts = 'localhost:5173, 127.0.0.1:5173, localhost:4173, localhost:3000, localhost:3002';
    expect(list.replaceAll('http://', '')).toBe(hosts);
    for (const origin of list.split(', ')) {
      const response = await fetch(/http:\S+\/contacts\//.exec(text)![0] + ID, { headers: { origin } });
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    }
  });

  test('step 1 is a miss with the notes', () => {
    expect(answers[0]).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*^cache-status: zyntro-bff; fwd=miss; stored\r$/im);
    const { data } = dataOf(answers[0]!);
    expect(Object.keys(data).toSorted()).toEqual(['contact', 'notes']);
    expect(data.contact).toMatchObject({ id: ID, name: 'Jane Smith' });
  });

  test('step 2 is a hit with the same data', () => {
    expect(answers[1]).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*^cache-status: zyntro-bff; hit; ttl=\d+\r$/im);
    expect(dataOf(answers[1]!)).toEqual(dataOf(answers[0]!));
  });

  test('step 3 fetches only the entity', () => {
    expect(answers[2]).toMatch(/^cache-status: zyntro-bff; fwd=partial; stored\r$/im);
    expect(dataOf(answers[2]!).data.entity.name).toBe('Acme Corp');
  });

  test('step 4 returns a 404 problem', () => {
    expect(answers[3]).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(dataOf(answers[3]!).code).toBe('CONTACT_NOT_FOUND');
  });

  test('step 5 returns a 401 with a challenge', () => {
    expect(answers[4]).toMatch(
      /^HTTP\/1\.1 401 Unauthorized\r\n[^]*^www-authenticate: Bearer .*invalid_token/im,
    );
    expect(dataOf(answers[4]!).code).toBe('INVALID_TOKEN');
  });

  test('step 6 lists three calls with their includes', () => {
    const { count, calls } = JSON.parse(answers[5]!);
    expect(count).toBe(3);
    expect(calls.map((call: Json) => [call.contactId === ID, call.include, call.outcome])).toEqual([
      [true, ['notes'], 'success'],
      [true, ['entity'], 'success'],
      [false, [], 'NOT_FOUND'],
    ]);
  });

  test('step 7 returns a 204', () => {
    expect(answers[6]).toBe('HTTP/1.1 204 No Content\r\n');
  });

  test('step 8 is a miss', () => {
    expect(answers[7]).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*^cache-status: zyntro-bff; fwd=miss; stored\r$/im);
  });

  test('step 9 finds the contact by its e-mail address', () => {
    expect(answers[8]).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(dataOf(answers[8]!).data).toEqual([
      { contact: { id: ID, name: 'Jane Smith', email: 'jane.smith@example.com' } },
    ]);
  });

  test('step 10 adds a note', () => {
    expect(answers[9]).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(dataOf(answers[9]!).data).toMatchObject({ content: 'Call on Monday', visible: true });
  });

  test('step 11 changes the contact', () => {
    expect(answers[10]).toBe('HTTP/1.1 204 No Content\r\n');
  });

  test('step 12 shows the note and the changes', () => {
    expect(answers[11]).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*^cache-status: zyntro-bff; fwd=miss; stored\r$/im);
    const { contact, notes } = dataOf(answers[11]!).data;
    expect(contact).toEqual({ id: ID, city: 'Oslo', tags: expect.arrayContaining(['vip']) });
    expect(notes.map(({ content }: Json) => content)).toContain('Call on Monday');
  });

  test('step 13 lists the members', () => {
    expect(dataOf(answers[12]!).data).toContainEqual({
      id: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b',
      name: 'Morgan Lee',
    });
  });

  test("are followed by the proxy's log, without the token", () => {
    const log = demo.stdout().split(PRINTED)[1]!;
    expect(log.match(/"msg":"request"/g)?.length).toBeGreaterThanOrEqual(6);
    expect(log).not.toMatch(/eyJ/);
  });

  test('work when pasted all at once', async () => {
    const { token, steps } = stepsOf(text);
    const output = await paste([token, ...steps].join('\n'));
    expect(output.match(/^HTTP\/1\.1 \d+/gm)).toHaveLength(12);
    expect(/^cache-status: .*$/im.exec(output)![0]).toMatch(/zyntro-bff; hit/);
  });

  test('exits on Ctrl-C', () => stopsAll(demo, () => demo.signal('SIGINT')));
});

describe('demo shutdown', () => {
  test('exits with 0 when Ctrl-C in a terminal reaches the children, too', async () => {
    const demo = startDemo({}, { detached: true });
    await printed(demo);
    await stopsAll(demo, () => process.kill(-demo.pid, 'SIGINT'));
    expect(demo.stderr()).toBe('');
  });

  test.each([[0], [1]])(
    'leaves no process behind when stopped during the start, with %i child ready',
    async (ready) => {
      const demo = startDemo({}, { detached: true });
      await waitFor('a child', async () => (await childrenOf(demo.pid)).length > ready);
      const children = await childrenOf(demo.pid);
      demo.signal('SIGINT');
      expect(await demo.exited).toEqual({ code: 0, signal: null });
      expect(children.filter(isRunning)).toEqual([]);
      expect(() => process.kill(-demo.pid, 0)).toThrow('ESRCH');
      expect(demo.stderr()).toBe('');
    },
  );

  test('exits with 0 when Ctrl-C reaches a child first', async () => {
    const demo = startDemo();
    await printed(demo);
    await stopsAll(demo, ([, proxy]) => process.kill(proxy!, 'SIGINT'));
    expect(demo.stderr()).toBe('');
  });

  test('stops the other child and reports the error when one child dies', async () => {
    const demo = startDemo();
    await printed(demo);
    const children = await childrenOf(demo.pid);
    process.kill(children[1]!, 'SIGKILL');
    expect(await demo.exited).toEqual({ code: 1, signal: null });
    expect(demo.stderr()).toBe('\nThe proxy exited (SIGKILL); stopping the demo.\n');
    expect(children.filter(isRunning)).toEqual([]);
  });
});

test.each(['PORT', 'ADMIN_PORT', 'SANDBOX_PORT', 'SANDBOX_CONTROL_PORT'])(
  'reports that the port of %s is in use and leaves no process behind',
  async (name) => {
    const blocker = net.createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    try {
      const port = String((blocker.address() as AddressInfo).port);
      const demo = startDemo({ [name]: port }, { detached: true });
      expect(await demo.exited).toEqual({ code: 1, signal: null });
      expect(`${demo.stdout()}${demo.stderr()}`).toContain(`choose another ${name}`);
      expect(demo.stderr()).toMatch(/^The demo cannot start: see the error of the (proxy|sandbox) above\.$/m);
      expect(demo.stderr()).not.toMatch(/\bat \S+ \(/);
      expect(() => process.kill(-demo.pid, 0)).toThrow('ESRCH');
    } finally {
      blocker.close();
    }
  },
);

describe('settings of a real upstream', () => {
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
    const demo = startDemo(env, options);
    try {
      const { token, steps } = stepsOf(await printed(demo));
      expect(await paste(`${token}\n${steps[0]}`)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    } finally {
      await demo.stop();
    }
  });
});
