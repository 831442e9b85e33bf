import { closedPort, type ClosedPort } from '../support/closed-port.ts';
import { startConnectProxy, type ConnectProxy } from '../support/connect-proxy.ts';
import { newKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { runDoctor, runDoctorAs, withJwks } from '../support/run-doctor.ts';
import { API_KEY, DEVELOPER_SECRET, startSandbox, type Sandbox } from '../support/start-sandbox.ts';

const UNLISTED = '127.0.0.2';
const ORG = '0b9f7c1e-3d52-4a86-9c47-5e1d8f2a6b30';
const OTHER_ORG = '5e8d3a72-9f41-4c0b-b6d8-2a7c1e4f9063';
const SECOND = { apiKey: 'sandbox-second-api-key', developerSecret: 'zdk_sandbox_second_secret' };

let sandbox: Sandbox;
let redis: RedisServer;
let issuer: Issuer;
let proxy: ConnectProxy;
let closed: ClosedPort;
beforeAll(async () => {
  [sandbox, redis, issuer, proxy, closed] = await Promise.all([
    startSandbox({ SANDBOX_ALLOWED_IPS: '127.0.0.1' }),
    startRedis({ args: ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'] }),
    startIssuer(),
    startConnectProxy(),
    closedPort(),
  ]);
});
afterAll(async () => {
  closed?.release();
  await Promise.all([sandbox?.stop(), redis?.stop(), issuer?.stop(), proxy?.stop()]);
});
const through = (url: string) => runDoctor(sandbox.url, { EGRESS_PROXY_URL: url });
describe('a valid setup', () => {
  test('passes every check and exits with 0', async () => {
    issuer.publish(newKey('one').jwk, newKey('two', 'RS256').jwk);
    const env = { ...withJwks(issuer), REDIS_URL: redis.url, ZYNTRO_BRAND_ID: '101' };
    const { code, wrong, findings, of } = await runDoctor(sandbox.url, env);
    expect({ code, wrong }).toEqual({ code: 0, wrong: {} });
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['configuration', 'Node', 'Redis', 'Redis eviction', 'Redis commands', 'JWKS']),
    );
    expect(of('upstream connection').detail).toMatch(/ responds; calls leave from 127\.0\.0\.1$/);
    expect(of('brand').detail).toMatch(/^is accepted; members listed: \d+$/);
    expect(of('Redis eviction').detail).toBe('allkeys-lru');
    expect(of('JWKS').detail).toMatch(/^2 of 2 keys can be used; "one" verifies ES256; "two" verifies RS256/);
    expect(of('clock against Redis').status).toBe('passed');
    expect(of(`clock against ${sandbox.url}`).status).toBe('passed');
    expect(of(`clock against ${new URL(issuer.jwksUri).origin}`).status).toBe('passed');
    expect(await redis.cli('keys', '*gen')).toBe('');
  });

  test('prints one line per check and a summary, without colour if not on a terminal', async () => {
    const { code, stdout, stderr } = await runDoctorAs([], sandbox.url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^passed {2}configuration +is valid$/m);
    expect(stdout).toMatch(/^passed {2}API key +is accepted, and its account is active$/m);
    expect(stdout).toMatch(/\n\n0 failed, 0 warned, \d+ passed\n$/);
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/\u001b/);
  });

  test('makes only harmless upstream calls, for a contact that does not exist', async () => {
    await sandbox.reset();
    await runDoctor(sandbox.url);
    const calls = await sandbox.calls();
    expect(calls.map(({ operation, outcome }) => `${operation} ${outcome}`).toSorted()).toEqual([
      'fetchContact NOT_FOUND',
      'fetchIdentifiers success',
      'updateFieldData success',
    ]);
    // The upstream only lists the fields that can be changed.
    expect(calls.find(({ operation }) => operation === 'updateFieldData')!.contactId).toBeUndefined();
  });
});

describe('upstream check', () => {
  test('fails for a wrong developer secret', async () => {
    const { code, of } = await runDoctor(sandbox.url, { ZYNTRO_DEVELOPER_SECRET: 'zdk_mistyped_secret' });
    expect(code).toBe(1);
    expect(of('developer secret')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('INVALID_DEVELOPER_SECRET'),
      advice: expect.stringContaining('ZYNTRO_DEVELOPER_SECRET'),
    });
    expect(of('upstream connection').status).toBe('passed');
    expect(of('egress address').status).toBe('warned');
  });

  test('fails for a wrong API key', async () => {
    const { code, wrong, of } = await runDoctor(sandbox.url, { ZYNTRO_API_KEY: 'mistyped-api-key' });
    expect({ code, wrong }).toEqual({ code: 1, wrong: { 'API key': 'failed' } });
    expect(of('API key').detail).toContain('INVALID_API_KEY');
  });

  test('fails for a valid secret that belongs to another account', async () => {
    const { wrong, of } = await runDoctor(sandbox.url, { ZYNTRO_DEVELOPER_SECRET: SECOND.developerSecret });
    expect(wrong).toEqual({ 'developer secret': 'failed', 'API key': 'warned' });
    expect(of('developer secret').detail).toContain('does not belong to the account');
  });

  test('fails for a deactivated account, although fetchIdentifiers accepts it', async () => {
    const { code, wrong, of } = await runDoctor(sandbox.url, {
      ZYNTRO_API_KEY: 'sandbox-inactive-api-key',
      ZYNTRO_DEVELOPER_SECRET: 'zdk_sandbox_inactive_secret',
    });
    expect({ code, wrong }).toEqual({ code: 1, wrong: { 'API key': 'failed' } });
    expect(of('API key').detail).toContain('USER_INACTIVE');
  });

  test('fails for an egress address that is not on the allowlist, and shows the address', async () => {
    const { code, of } = await runDoctor(sandbox.url, { EGRESS_LOCAL_ADDRESS: UNLISTED });
    expect(code).toBe(1);
    expect(of('egress address')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/IP_NOT_WHITELISTED.*calls leave from 127\.0\.0\.2$/),
    });
    expect(of('upstream connection')).toMatchObject({
      status: 'passed',
      detail: expect.stringContaining(UNLISTED),
    });
    expect(of('developer secret').status).toBe('passed');
  });

  test('fails for an egress address that this machine does not have', async () => {
    const { code, of } = await runDoctor(sandbox.url, { EGRESS_LOCAL_ADDRESS: '192.0.2.1' });
    expect(code).toBe(1);
    expect(of('upstream connection')).toMatchObject({
      detail: expect.stringContaining('EADDRNOTAVAIL'),
      advice: expect.stringContaining('EGRESS_LOCAL_ADDRESS'),
    });
  });

  test('fails for an unreachable host without findings about credentials', async () => {
    const { code, findings, of } = await runDoctor(`http://127.0.0.1:${closed.port}`);
    expect(code).toBe(1);
    expect(of('upstream connection').detail).toContain('is unreachable (ECONNREFUSED)');
    expect(findings.map(({ check }) => check).join()).not.toMatch(/secret|API key|egress/);
  });

  test('advises to check TLS if the port does not speak https', async () => {
    const { of } = await runDoctor(sandbox.url.replace('http:', 'https:'));
    expect(of('upstream connection').advice).toContain('TLS');
  });

  test.each([
    ['silent', 'is unreachable (TOTAL_TIMEOUT)'],
    ['html', 'does not respond as documented (NOT_JSON)'],
    ['http-500', 'does not respond as documented (HTTP_500)'],
    ['redirect', 'does not respond as documented (HTTP_302)'],
    ['unknown-message', 'does not respond as documented (UNKNOWN_MESSAGE)'],
  ])('fails for an upstream in the fault mode %s', async (mode, detail) => {
    await sandbox.setFaults({ mode });
    try {
      const { code, of } = await runDoctor(sandbox.url, { UPSTREAM_TIMEOUT_MS: '700' });
      expect(code).toBe(1);
      expect(of('upstream connection').detail).toContain(detail);
    } finally {
      await sandbox.clearFaults();
    }
  });

  test('checks each pair of ZYNTRO_CREDENTIALS separately', async () => {
    const good = { apiKey: API_KEY, developerSecret: DEVELOPER_SECRET };
    const missing = '11111111-2222-4333-8444-555555555555';
    const map = {
      [ORG]: good,
      [OTHER_ORG]: { ...SECOND, developerSecret: 'zdk_mistyped_secret' },
      [missing]: good,
    };
    const { code, findings, of } = await runDoctor(sandbox.url, {
      ZYNTRO_API_KEY: '',
      ZYNTRO_DEVELOPER_SECRET: '',
      ZYNTRO_CREDENTIALS: JSON.stringify(map),
    });
    expect(code).toBe(1);
    expect(of(`credentials of organization ${ORG}`).status).toBe('passed');
    expect(of(`developer secret of organization ${OTHER_ORG}`).status).toBe('failed');
    expect(of(`credentials of organization ${missing}`)).toMatchObject({
      status: 'warned',
      detail: 'belong to an account that does not list this organization',
    });
    expect(findings.filter(({ status }) => status === 'failed')).toHaveLength(1);
  });
});

describe('upstream check through EGRESS_PROXY_URL', () => {
  test('sends calls through the proxy', async () => {
    const { code, of } = await through(proxy.url);
    expect(code).toBe(0);
    expect(of('upstream connection').detail).toContain(`through the proxy at "${new URL(proxy.url).host}"`);
    expect(proxy.plain).toEqual([]);
  });

  test('distinguishes an unreachable proxy from an unreachable upstream', async () => {
    const { code, of } = await through(`http://user:proxy-password@127.0.0.1:${closed.port}`);
    expect(code).toBe(1);
    expect(of('upstream connection').detail).toMatch(/^the proxy of EGRESS_PROXY_URL .* is unreachable/);
  });

  test('distinguishes a refused tunnel from an unreachable upstream', async () => {
    const refusing = await startConnectProxy();
    refusing.refuse();
    try {
      const { code, of } = await through(refusing.url);
      expect(code).toBe(1);
      expect(of('upstream connection').detail).toMatch(/^the proxy at .* did not open a tunnel/);
    } finally {
      await refusing.stop();
    }
  });
});

test('warns about misspelt variables and about a missing or foreign egress address', async () => {
  const none = await runDoctor(sandbox.url, {
    EGRESS_LOCAL_ADDRESS: '',
    JWT_SECERT: 'x',
    REDIS_PORT: 'tcp://x',
  });
  expect(none.of('variables')).toMatchObject({
    status: 'warned',
    detail: 'JWT_SECERT: unknown variable',
    advice: 'did you mean JWT_SECRET?',
  });
  expect(none.of('egress').detail).toBe('EGRESS_LOCAL_ADDRESS: no egress address configured');
  expect(none.code).toBe(0);
  const absent = await runDoctor(sandbox.url, { EGRESS_LOCAL_ADDRESS: '192.0.2.7' });
  expect(absent.of('egress').detail).toBe('EGRESS_LOCAL_ADDRESS: egress address is not on this machine');
});
