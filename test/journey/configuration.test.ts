import { randomBytes } from 'node:crypto';
import { parsedLines } from '../support/child.ts';
import { runProgram, startProgram } from '../support/start-program.ts';
import { mustNotBeLogged } from '../support/run-directory.ts';
import { newSecret } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';

const good = () => programEnv({ url: 'http://127.0.0.1:9' }, newSecret());
const without = (name: string): Record<string, string> => {
  const { [name]: _, ...env } = good();
  return env;
};

async function expectRefused(env: Record<string, string>, names: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(env);
  expect({ code, stderr: stderr.slice(0, 2000) }).toEqual({ code: 78, stderr: expect.any(String) });
  for (const name of names) expect(stderr).toContain(name);
  expect(stderr).not.toMatch(/node_modules|\bat \w+ \(/);
  for (const [name, value] of Object.entries(env)) {
    if (/SECRET|KEY|TOKEN|CREDENTIALS/.test(name) && value.length > 8) {
      expect(`${stdout}${stderr}`).not.toContain(value);
    }
  }
  return stderr;
}

describe('an invalid configuration exits with code 78', () => {
  test('reports all invalid variables at once, by name', async () => {
    await expectRefused(
      {
        PORT: 'http',
        JWT_SECRET: randomBytes(12).toString('hex'),
        ZYNTRO_BASE_URL: 'ftp://somewhere',
        ZYNTRO_API_KEY: 'a-key-without-its-secret',
        UPSTREAM_TIMEOUT_MS: '-1',
        CACHE_TTL_NOTES_S: 'soon',
        CACHE_TTL_CONTACT_S: '1.5.2',
        ZYNTRO_TIMEZONE: 'Mars/Olympus',
        JWT_ALGORITHMS: 'none',
        EGRESS_LOCAL_ADDRESS: 'not-an-address',
      },
      [
        'PORT',
        'JWT_SECRET',
        'JWT_ISSUER',
        'JWT_AUDIENCE',
        'ZYNTRO_BASE_URL',
        'ZYNTRO_DEVELOPER_SECRET',
        'UPSTREAM_TIMEOUT_MS',
        'CACHE_TTL_NOTES_S',
        'CACHE_TTL_CONTACT_S',
        'ZYNTRO_TIMEZONE',
        'JWT_ALGORITHMS',
        'EGRESS_LOCAL_ADDRESS',
      ],
    );
  });

  test('names the required variables when no variable is set', async () => {
    await expectRefused({}, ['JWT_SECRET', 'JWT_ISSUER', 'JWT_AUDIENCE', 'ZYNTRO_API_KEY']);
  });

  test.each(['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_SECRET', 'ZYNTRO_API_KEY', 'ZYNTRO_DEVELOPER_SECRET'])(
    'exits when %s is missing',
    (name) => expectRefused(without(name), [name]).then(() => undefined),
  );

  test.each([
    ['JWT_SECRET', 'secret'],
    ['JWT_SECRET', randomBytes(15).toString('hex')],
    ['JWT_SECRET', 'changeme'.repeat(8)],
    ['JWT_PUBLIC_KEY', '-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----'],
    ['JWT_ALGORITHMS', 'HS256,none'],
    ['JWT_CLOCK_TOLERANCE_S', '-5'],
    ['ZYNTRO_BASE_URL', 'http://app.zyntrohq.com'],
    ['ZYNTRO_BASE_URL', 'not a url'],
    ['EGRESS_PROXY_URL', 'proxy.internal'],
    ['PORT', '70000'],
    ['UPSTREAM_MAX_RESPONSE_BYTES', '2MiB'],
    ['SHUTDOWN_GRACE_MS', 'NaN'],
    ['ZYNTRO_CREDENTIALS', '{"not-a-uuid":{"apiKey":"first-key-value","developerSecret":"zdk_first_value"}}'],
    ['ZYNTRO_CREDENTIALS', '{"apiKey":"hidden-in-broken-json'],
  ])('exits when %s is %s', async (name, value) => {
    await expectRefused({ ...good(), [name]: value }, [name]);
  });

  test('requires ADMIN_TOKEN when ADMIN_HOST is not a loopback address', async () => {
    await expectRefused({ ...good(), ADMIN_HOST: '0.0.0.0' }, ['ADMIN_TOKEN']);
  });

  test('names the _FILE variable when its file does not exist', async () => {
    const env = { ...without('ZYNTRO_API_KEY'), ZYNTRO_API_KEY_FILE: '/nowhere/at/all' };
    await expectRefused(env, ['ZYNTRO_API_KEY_FILE']);
  });

  test('never prints a secret or a part of it', async () => {
    const [apiKey, developerSecret] = [
      `key-${randomBytes(12).toString('hex')}`,
      `zdk_${randomBytes(12).toString('hex')}`,
    ];
    for (const value of [apiKey, developerSecret]) mustNotBeLogged('credential', value);
    const credentials = `{"acme": {"apiKey": "${apiKey}", "developerSecret": "${developerSecret}"}, oops}`;
    const short = randomBytes(10).toString('hex');
    const env = { ...good(), ZYNTRO_CREDENTIALS: credentials, JWT_SECRET: short };
    const stderr = await expectRefused(env, ['ZYNTRO_CREDENTIALS', 'JWT_SECRET']);
    for (const value of [apiKey, developerSecret, short]) {
      expect(stderr).not.toContain(value.slice(0, 8));
    }
  });
});

async function warningsOf(env: Record<string, string>) {
  const program = await startProgram({ ...good(), ...env });
  try {
    return parsedLines(program.stdout()).filter((line) => line['level'] === 'warn');
  } finally {
    await program.stop();
  }
}

describe('configuration warnings', () => {
  test('are logged at start with the variable name', async () => {
    const warnings = await warningsOf({ JWT_SECERT_FILE: '/run/hunter2', REDIS_PORT: 'tcp://10.0.0.1:6379' });
    expect(warnings).toMatchObject([
      { msg: 'unknown variable', variable: 'JWT_SECERT_FILE', advice: 'did you mean JWT_SECRET_FILE?' },
      { msg: 'no egress address configured', variable: 'EGRESS_LOCAL_ADDRESS' },
    ]);
    expect(JSON.stringify(warnings)).not.toContain('hunter2');
  });

  test('report an egress address that is not on this machine', async () => {
    expect(await warningsOf({ EGRESS_LOCAL_ADDRESS: '192.0.2.7' })).toMatchObject([
      { msg: 'egress address is not on this machine', variable: 'EGRESS_LOCAL_ADDRESS' },
    ]);
  });

  test('name an OpenTelemetry variable whose value is not supported', async () => {
    expect(await warningsOf({ NODE_ENV: 'development', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toMatchObject([
      { msg: 'OpenTelemetry values not supported, ignored', variables: ['OTEL_EXPORTER_OTLP_PROTOCOL'] },
    ]);
  });

  test.each([{ EGRESS_LOCAL_ADDRESS: '127.0.0.2' }, { NODE_ENV: 'development' }])(
    'are not logged with %j',
    async (env) => {
      expect(await warningsOf(env)).toEqual([]);
    },
  );
});
