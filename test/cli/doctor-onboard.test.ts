import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { runNode, type Environment } from '../support/child.ts';
import { closedPort } from '../support/closed-port.ts';
import type { Json } from '../support/http.ts';
import { API_KEY, DEVELOPER_SECRET, startSandbox, type Sandbox } from '../support/start-sandbox.ts';

const ORG = '0b9f7c1e-3d52-4a86-9c47-5e1d8f2a6b30';
const MEMBER = 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b';
const OTHER_ORG = 'c7a1b5e9-4d60-4382-a9f5-8b0e6d3c2f17';
const OTHER_MEMBER = '2f9d8c41-6a3e-4b70-8c52-e7d1f0a9b634';

const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-onboard-'));
let sandbox: Sandbox;
/** Answers fetchIdentifiers with `data`. */
let upstream: Server;
let url: string;
let data: unknown;
let asked: Json[];
beforeAll(async () => {
  sandbox = await startSandbox({ SANDBOX_ALLOWED_IPS: '127.0.0.1' });
  upstream = createServer(async (request, response) => {
    asked.push(JSON.parse(await text(request)));
    response.end(JSON.stringify({ status: 'success', data }));
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
});
afterAll(async () => {
  upstream?.close();
  upstream?.closeAllConnections();
  rmSync(directory, { recursive: true });
  await sandbox?.stop();
});
beforeEach(() => {
  asked = [];
});

/** Runs the command with the developer secret alone. @throws Error if it prints a credential. */
async function onboard(baseUrl: string, env: Environment = {}, args = ['--onboard']) {
  const settings = { ZYNTRO_BASE_URL: baseUrl, ZYNTRO_DEVELOPER_SECRET: DEVELOPER_SECRET, ...env };
  const result = await runNode('src/cli/doctor.ts', settings, { args, cwd: directory });
  for (const secret of [API_KEY, DEVELOPER_SECRET])
    if (`${result.stdout}${result.stderr}`.includes(secret))
      throw new Error(`a secret was printed: ${secret}`);
  return result;
}

describe('--onboard', () => {
  test('prints organizations, members and the brand as lines for .env', async () => {
    const { code, stdout, stderr } = await onboard(sandbox.url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`# organization ${ORG} "Northwind Sales"\n#   member ${MEMBER} "Morgan Lee"\n`);
    expect(stdout).toContain(`# organization ${OTHER_ORG} "Eastgate Partners"\n`);
    expect(stdout).toContain(`#   member ${OTHER_MEMBER} "Kim Larsen"\n`);
    expect(stdout).toMatch(/^# ZYNTRO_API_KEY is secret, so it is not printed: .*Me > API & Webhooks/m);
    expect(parseEnv(stdout)).toEqual({ ZYNTRO_BRAND_ID: '101' });
  });

  test('sends the developer secret alone, even if other credentials are set', async () => {
    data = { organization: { org_id: ORG } };
    const credentials = JSON.stringify({ [ORG]: { apiKey: 'a-key', developerSecret: 'zdk_other' } });
    const { code } = await onboard(url, { ZYNTRO_API_KEY: 'replace-me', ZYNTRO_CREDENTIALS: credentials });
    expect(code).toBe(0);
    expect(asked).toEqual([{ developer_secret: DEVELOPER_SECRET }]);
  });

  test('reads the developer secret from a file', async () => {
    const file = path.join(directory, 'secret');
    writeFileSync(file, `${DEVELOPER_SECRET}\n`);
    const env = { ZYNTRO_DEVELOPER_SECRET: '', ZYNTRO_DEVELOPER_SECRET_FILE: file };
    expect((await onboard(sandbox.url, env)).code).toBe(0);
  });

  test.each<[string, unknown]>([
    [
      'one organization beside its members',
      {
        api_key: API_KEY,
        organization: { org_id: ORG, org_name: 'Northwind' },
        members: [{ member_id: MEMBER, member_name: 'Morgan' }],
        brands: [{ brand_id: '7', brand_name: 'North' }],
      },
    ],
    [
      'plain ids and names',
      {
        apiKey: API_KEY,
        organizations: [{ id: ORG, name: 'Northwind', members: [{ id: MEMBER, name: 'Morgan' }] }],
        brands: [{ id: 7, name: 'North' }],
      },
    ],
    [
      'one list of objects with all ids',
      [
        {
          orgId: ORG,
          orgName: 'Northwind',
          memberId: MEMBER,
          memberName: 'Morgan',
          brandId: 7,
          brandName: 'North',
        },
      ],
    ],
  ])('reads %s', async (_form, listed) => {
    data = listed;
    const { code, stdout } = await onboard(url);
    expect(code).toBe(0);
    expect(stdout).toContain(`# organization ${ORG} "Northwind"\n#   member ${MEMBER} "Morgan"\n`);
    expect(stdout).toContain('# brand 7 "North"\nZYNTRO_BRAND_ID=7\n');
  });

  test('leaves the choice among several brands to the operator', async () => {
    data = { org_id: ORG, brands: [{ brand_id: 7 }, { brand_id: 8 }] };
    const { stdout } = await onboard(url);
    expect(stdout).toMatch(/^# ZYNTRO_BRAND_ID=7$[^]*^# ZYNTRO_BRAND_ID=8$/m);
    expect(parseEnv(stdout)).toEqual({});
  });

  test('keeps names of the upstream from adding lines', async () => {
    data = { org_id: ORG, org_name: 'x\nADMIN_TOKEN=\u001b[31m', brand_id: '7\nHOST=0.0.0.0' };
    const { stdout } = await onboard(url);
    expect(stdout).toContain(`# organization ${ORG} "x\\u000aADMIN_TOKEN=\\u001b[31m"`);
    expect(parseEnv(stdout)).toEqual({});
  });
});

describe('--onboard prints nothing to stdout', () => {
  test.each<[string, Environment, number, RegExp]>([
    [
      'without the developer secret',
      { ZYNTRO_DEVELOPER_SECRET: '' },
      78,
      /ZYNTRO_DEVELOPER_SECRET: is required for --onboard/,
    ],
    ['with another wrong setting', { UPSTREAM_TIMEOUT_MS: 'soon' }, 78, /UPSTREAM_TIMEOUT_MS: /],
    [
      'with a wrong secret',
      { ZYNTRO_DEVELOPER_SECRET: 'zdk_mistyped_secret' },
      1,
      /FAILED {2}developer secret +matches no active key/,
    ],
    [
      'from an unlisted address',
      { EGRESS_LOCAL_ADDRESS: '127.0.0.2' },
      1,
      /FAILED {2}egress address .*IP_NOT_WHITELISTED/,
    ],
  ])('%s', async (_name, env, expected, message) => {
    const { code, stdout, stderr } = await onboard(sandbox.url, env);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('if the upstream is unreachable', async () => {
    const closed = await closedPort();
    try {
      const { code, stdout, stderr } = await onboard(`http://127.0.0.1:${closed.port}`);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/FAILED {2}upstream connection .*ECONNREFUSED/);
    } finally {
      closed.release();
    }
  });

  test('if the upstream lists the identifiers in an unknown form', async () => {
    data = { accounts: [{ uuid: ORG }] };
    const { code, stdout, stderr } = await onboard(url);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('in an unknown form');
  });

  test('together with --json', async () => {
    const { code, stdout, stderr } = await onboard(sandbox.url, {}, ['--onboard', '--json']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('--json and --onboard cannot be combined');
  });
});
