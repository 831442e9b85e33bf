import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/config/config-issues.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { DEMO_JWT_SECRET } from '../../src/config/secret-strength.ts';

const SECRET = 'Zp3vX1q8bN5mC7kL0jH2gF4dS6aQ9wE+rTyUiOp/1A=';
const GOOD = {
  JWT_SECRET: SECRET,
  JWT_ISSUER: 'https://id.example.com',
  JWT_AUDIENCE: 'zyntro-bff',
  ZYNTRO_API_KEY: 'an-api-key',
  ZYNTRO_DEVELOPER_SECRET: 'zdk_a-developer-secret',
};
const pem = (type: 'rsa' | 'ec' | 'ed25519', options: object = {}) =>
  (generateKeyPairSync as (type: string, options: object) => ReturnType<typeof generateKeyPairSync>)(type, {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }) as unknown as { publicKey: string; privateKey: string };

function faultsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}
const namesOf = (env: Record<string, string | undefined>) =>
  faultsOf(env).map((fault) => fault.split(':')[0]);

test('what is needed is enough, and the defaults are the documented ones', () => {
  const config = loadConfig(GOOD);
  expect(config.http).toMatchObject({ port: 3000, corsOrigins: [], maxBodyBytes: 16_384, maxBatchSize: 50 });
  expect(config.admin).toEqual({ host: '127.0.0.1', port: 3001, token: undefined });
  expect(config.cache).toEqual({
    ttlMs: { contact: 60_000, notes: 30_000, entity: 300_000, profile: 3_600_000, signals: 30_000 },
    negativeTtlMs: 10_000,
    staleWhileRevalidateMs: 30_000,
    staleIfErrorMs: 3_600_000,
  });
  expect(config.upstream).toMatchObject({
    connectTimeoutMs: 1000,
    maxResponseBytes: 2_097_152,
  });
  expect(config.resilience).toMatchObject({ timeoutMs: 5000, maxConcurrency: 32, maxPerSecond: undefined });
  expect(config.upstream.baseUrl.href).toBe('https://app.zyntrohq.com/');
  expect(config.auth).toMatchObject({ clockToleranceS: 5, maxLifetimeS: undefined, cookie: undefined });
  expect(config.auth.issuers).toMatchObject([
    {
      issuer: 'https://id.example.com',
      audience: 'zyntro-bff',
      jwks: undefined,
      tier: undefined,
      claims: {
        org: 'org_id',
        member: 'member_id',
        tier: 'rate_tier',
        scopes: ['scope', 'scp', 'permissions'],
      },
    },
  ]);
  expect([...config.auth.issuers[0]!.keys[0]!.algorithms]).toEqual(['HS256', 'HS384', 'HS512']);
});

test('every fault is reported at once, by name, and no value is shown', () => {
  const env = {
    PORT: 'hunter2-port',
    UPSTREAM_TIMEOUT_MS: '-1',
    CACHE_TTL_NOTES_S: '1.5',
    JWT_SECRET: 'hunter2-short',
    JWT_ALGORITHMS: 'none,hunter2',
    ZYNTRO_BASE_URL: 'http://hunter2.example.com',
    ZYNTRO_TIMEZONE: 'hunter2/zone',
    EGRESS_LOCAL_ADDRESS: 'hunter2',
    EGRESS_PROXY_URL: 'ftp://hunter2',
    CORS_ORIGINS: '*',
    ADMIN_HOST: '0.0.0.0',
    LOG_LEVEL: 'hunter2',
  };
  expect(new Set(namesOf(env))).toEqual(
    new Set([
      ...Object.keys(env).filter((name) => name !== 'ADMIN_HOST'),
      'ADMIN_TOKEN',
      'JWT_ISSUER',
      'JWT_AUDIENCE',
      'ZYNTRO_API_KEY',
      'ZYNTRO_DEVELOPER_SECRET',
    ]),
  );
  expect(faultsOf(env).join('\n')).not.toMatch(/hunter2/);
});

test.each([
  ['shorter than 32 bytes', 'a'.repeat(31)],
  ['a well-known example', 'your-super-secret-jwt-token-with-at-least-32-characters-long'],
  ['a well-known example in other clothes', 'A String_Secret at LEAST 256 bits long!!'],
  ['a word over and over', 'secretsecretsecretsecretsecretsecret'],
  ['a word over and over, numbered', 'changeme-changeme-changeme-changeme-1234'],
  ['the demo’s', DEMO_JWT_SECRET],
])('a secret that is %s is refused', (_name, secret) => {
  expect(namesOf({ ...GOOD, JWT_SECRET: secret })).toEqual(['JWT_SECRET']);
});

test('issuer and audience are asked for outside development', () => {
  const { JWT_ISSUER: _issuer, JWT_AUDIENCE: _audience, ...rest } = GOOD;
  expect(namesOf(rest)).toEqual(['JWT_AUDIENCE', 'JWT_ISSUER']);
  expect(namesOf({ ...rest, NODE_ENV: 'development' })).toEqual([]);
});

test('the demo’s secret is taken in development, against a loopback upstream', () => {
  const env = { ...GOOD, JWT_SECRET: DEMO_JWT_SECRET, NODE_ENV: 'development' };
  expect(namesOf(env)).toEqual(['JWT_SECRET']);
  expect(namesOf({ ...env, ZYNTRO_BASE_URL: 'http://127.0.0.1:4010' })).toEqual([]);
});

function keysOf(env: object): string[][] {
  return loadConfig({ ...GOOD, JWT_SECRET: undefined, ...env }).auth.issuers[0]!.keys.map((key) => [
    ...key.algorithms,
  ]);
}

test('keys are bound to the algorithms of their family', () => {
  const rsa = pem('rsa', { modulusLength: 2048 });
  expect(keysOf({ JWT_PUBLIC_KEY: rsa.publicKey })).toEqual([
    ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ]);
  expect(
    keysOf({ JWT_PUBLIC_KEY: rsa.publicKey.replaceAll('\n', '\\n'), JWT_ALGORITHMS: 'PS256, RS256' }),
  ).toEqual([['RS256', 'PS256']]);
  expect(keysOf({ JWT_PUBLIC_KEY: pem('ec', { namedCurve: 'P-384' }).publicKey })).toEqual([['ES384']]);
  expect(keysOf({ JWT_SECRET: SECRET, JWT_PUBLIC_KEY: rsa.publicKey, JWT_ALGORITHMS: 'HS256' })).toEqual([
    ['HS256'],
  ]);
});

test.each([
  ['a private key', () => pem('rsa', { modulusLength: 2048 }).privateKey],
  ['an RSA key that is too short', () => pem('rsa', { modulusLength: 1024 }).publicKey],
  ['a kind of key that jsonwebtoken cannot verify with', () => pem('ed25519').publicKey],
  ['a curve that JWS does not have', () => pem('ec', { namedCurve: 'secp256k1' }).publicKey],
  ['no PEM', () => 'hello'],
])('%s is refused as JWT_PUBLIC_KEY', (_name, make) => {
  expect(namesOf({ ...GOOD, JWT_SECRET: undefined, JWT_PUBLIC_KEY: make() })).toEqual(['JWT_PUBLIC_KEY']);
});

test('an algorithm that no key can verify is refused', () => {
  expect(namesOf({ ...GOOD, JWT_ALGORITHMS: 'RS256' })).toEqual(['JWT_ALGORITHMS']);
  expect(namesOf({ ...GOOD, JWT_ALGORITHMS: 'none' })).toEqual(['JWT_ALGORITHMS']);
});

describe('secrets in files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zyntro-bff-config-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const file = (name: string, content: string) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };

  const BOM = '\uFEFF';
  test.each([
    ['nothing around it', SECRET],
    ['a line end', `${SECRET}\n`],
    ['CRLF', `${SECRET}\r\n`],
    ['several line ends', `${SECRET}\r\n\n`],
    ['a byte order mark', `${BOM}${SECRET}`],
    ['a byte order mark and a line end', `${BOM}${SECRET}\n`],
  ])('are read without %s', (_what, content) => {
    const env = { ...GOOD, JWT_SECRET: undefined, JWT_SECRET_FILE: file('jwt', content) };
    const [key] = loadConfig(env).auth.issuers[0]!.keys;
    expect(key!.key.export().toString('utf8')).toBe(SECRET);
  });

  test('in PEM and JSON are read behind a byte order mark', () => {
    const { publicKey } = pem('ec', { namedCurve: 'P-256' });
    const tiers = { internal: { publicKey, audience: 'a' } };
    const { JWT_SECRET: _, ...rest } = GOOD;
    const env = {
      ...rest,
      JWT_PUBLIC_KEY_FILE: file('pem', `${BOM}${publicKey.replaceAll('\n', '\r\n')}`),
      JWT_ISSUERS_FILE: file('issuers', `${BOM}${JSON.stringify(tiers, null, 2)}\r\n`),
    };
    expect(loadConfig(env).auth.issuers).toHaveLength(2);
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['little-endian UTF-16', Buffer.from(`${BOM}hunter2`, 'utf16le'), /is UTF-16 or binary/],
    ['big-endian UTF-16', Buffer.from(`${BOM}hunter2`, 'utf16le').swap16(), /is UTF-16 or binary/],
    ['UTF-16 without a mark', Buffer.from('hunter2', 'utf16le'), /is UTF-16 or binary/],
    ['Latin-1', Buffer.from('hunter2é', 'latin1'), /is not UTF-8/],
    ['a zero-width space', 'hunter2\u200B', /contains .* an invisible character/],
    ['a no-break space inside', 'hunter\u00A02', /contains .* a space that is not ASCII/],
    ['a line end inside', 'hunter\n2', /contains a control character/],
    ['quotes around it', '"hunter2"\n', /is in quotes/],
    ['a placeholder', '${hunter2}', /is a placeholder/],
    ['more than 1 MiB', 'hunter2'.repeat(200_000), /is over 1 MiB/],
  ])('with %s are one issue, by name and without a value', (_what, content, reason) => {
    writeFileSync(join(directory, 'secret'), content);
    for (const name of ['ZYNTRO_API_KEY', 'JWT_SECRET', 'ADMIN_TOKEN', 'REDIS_PASSWORD']) {
      const faults = faultsOf({ ...GOOD, [name]: undefined, [`${name}_FILE`]: join(directory, 'secret') });
      expect(faults).toEqual([expect.stringMatching(`^${name}_FILE: the `)]);
      expect(faults[0]).toMatch(reason);
      expect(faults[0]).not.toContain('hunter');
    }
  });

  test('that are pipes or devices are issues, and block nothing', () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero'])
      expect(faultsOf({ ...GOOD, ADMIN_TOKEN_FILE: path })).toEqual([
        'ADMIN_TOKEN_FILE: the file is not a regular file',
      ]);
  });

  test('that are empty, missing or doubled are faults', () => {
    expect(namesOf({ ...GOOD, JWT_SECRET: undefined, JWT_SECRET_FILE: file('empty', '\n') })).toContain(
      'JWT_SECRET_FILE',
    );
    expect(namesOf({ ...GOOD, ADMIN_TOKEN_FILE: join(directory, 'absent') })).toEqual(['ADMIN_TOKEN_FILE']);
    expect(namesOf({ ...GOOD, JWT_SECRET_FILE: file('both', SECRET) })).toContain('JWT_SECRET');
  });
});

describe('credentials by organization', () => {
  const { ZYNTRO_API_KEY: _key, ZYNTRO_DEVELOPER_SECRET: _secret, ...rest } = GOOD;
  const org = 'A1B2C3D4-E5F6-7890-ABCD-EF1234567890';

  test('are read, organizations in lower case', () => {
    const { credentials } = loadConfig({
      ...rest,
      ZYNTRO_CREDENTIALS: JSON.stringify({ [org]: { apiKey: 'a', developerSecret: 'b' } }),
    }).upstream;
    expect(credentials).toEqual({
      kind: 'by-org',
      byOrg: new Map([[org.toLowerCase(), { apiKey: 'a', developerSecret: 'b' }]]),
    });
  });

  test.each([
    ['no JSON', '{hunter2'],
    ['a list', '["hunter2"]'],
    ['empty', '{}'],
    ['an organization that is no UUID', '{"hunter2":{"apiKey":"a","developerSecret":"b"}}'],
    ['an entry that lacks a secret', `{"${org}":{"apiKey":"hunter2"}}`],
  ])('%s is refused', (_name, text) => {
    const env = { ...rest, ZYNTRO_CREDENTIALS: text };
    expect(new Set(namesOf(env))).toEqual(new Set(['ZYNTRO_CREDENTIALS']));
    expect(faultsOf(env).join()).not.toContain('hunter2');
  });

  test('and one pair for all are one too many', () => {
    expect(
      namesOf({ ...GOOD, ZYNTRO_CREDENTIALS: `{"${org}":{"apiKey":"a","developerSecret":"b"}}` }),
    ).toEqual(['ZYNTRO_CREDENTIALS']);
  });
});

describe('rate limits', () => {
  test('RATE_LIMIT_TIERS adds to the tiers of the file, and takes their place', () => {
    const text = '{"internal":{"limit":9,"windowS":5},"batch":{"limit":7,"windowS":60}}';
    const { tiers, onFailure } = loadConfig({ ...GOOD, RATE_LIMIT_TIERS: text }).limits;
    expect([...tiers.values()]).toEqual([
      { name: 'default', limit: 120, windowMs: 60_000 },
      { name: 'internal', limit: 9, windowMs: 5000 },
      { name: 'batch', limit: 7, windowMs: 60_000 },
    ]);
    expect(onFailure).toBe('local');
  });

  test.each([
    ['{', 'is not JSON'],
    ['{"default":{"limit":0,"windowS":60}}', 'default.limit'],
    ['{"default":{"limit":1}}', 'default.windowS'],
    ['{"a b":{"limit":1,"windowS":1}}', 'a b'],
  ])('RATE_LIMIT_TIERS=%s is a fault', (text, what) => {
    expect(faultsOf({ ...GOOD, RATE_LIMIT_TIERS: text })).toEqual([
      expect.stringContaining(`RATE_LIMIT_TIERS: ${what}`),
    ]);
  });
});

describe('TRUST_PROXY', () => {
  test.each([
    ['2', 2],
    ['0', 0],
    ['10.0.0.0/8, ::1,loopback', ['10.0.0.0/8', '::1', 'loopback']],
  ])('%s', (text, value) => {
    expect(loadConfig({ ...GOOD, TRUST_PROXY: text }).trustProxy).toEqual(value);
  });

  test.each(['true', '17', '10.0.0.0/33', 'proxy.example.com', '1,2', '-1'])('%s is a fault', (text) => {
    expect(faultsOf({ ...GOOD, TRUST_PROXY: text })).toEqual([
      expect.stringMatching(/^TRUST_PROXY: must be the number of proxies/),
    ]);
  });
});

test('several processes need Redis, and divide the budget for the upstream', () => {
  expect(namesOf({ ...GOOD, WEB_CONCURRENCY: '2' })).toEqual(['WEB_CONCURRENCY']);
  const redis = { ...GOOD, REDIS_URL: 'redis://127.0.0.1:6379' };
  expect(namesOf({ ...redis, WEB_CONCURRENCY: '4', UPSTREAM_MAX_RPS: '3' })).toEqual(['WEB_CONCURRENCY']);
  const { processes, resilience } = loadConfig({ ...redis, WEB_CONCURRENCY: '4', UPSTREAM_MAX_RPS: '10' });
  expect([processes, resilience.maxConcurrency, resilience.maxPerSecond]).toEqual([4, 8, 2]);
});

describe('EGRESS_LOCAL_ADDRESS', () => {
  test.each([
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['0:0:0:0:0:FFFF:c000:201', '192.0.2.1'],
    ['2001:DB8::1', '2001:DB8::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ])('%s is taken as %s', (given, taken) => {
    expect(loadConfig({ ...GOOD, EGRESS_LOCAL_ADDRESS: given }).upstream.localAddress).toBe(taken);
  });

  test.each([
    ['192.0.2.1', 'https://[2001:db8::7]', ['EGRESS_LOCAL_ADDRESS']],
    ['2001:db8::1', 'https://192.0.2.7', ['EGRESS_LOCAL_ADDRESS']],
    ['2001:db8::1', 'https://[2001:db8::7]', []],
    ['::ffff:192.0.2.1', 'https://192.0.2.7', []],
    ['2001:db8::1', 'https://app.example.com', []],
  ])('%s with the upstream %s: issues %j', (source, upstream, names) => {
    expect(namesOf({ ...GOOD, EGRESS_LOCAL_ADDRESS: source, ZYNTRO_BASE_URL: upstream })).toEqual(names);
  });
});

describe('a URL with credentials', () => {
  test.each([
    ['REDIS_URL', 'redis://:hunter%zz2@127.0.0.1:6399'],
    ['REDIS_URL', 'redis://hunter2%:x@127.0.0.1:6399'],
    ['REDIS_URL', 'rediss://:hunter%FF2@127.0.0.1:6399'],
    ['REDIS_URL', 'redis://:hunter%002@127.0.0.1:6399'],
    ['REDIS_URL', 'redis://:hunter2@b%C3%BCcher:6399'],
    ['REDIS_URL', 'redis://:hunter2@127.0.0.1:0'],
    ['EGRESS_PROXY_URL', 'http://us:hunter%zz2@127.0.0.1:6399'],
    ['EGRESS_PROXY_URL', 'http://hunter2%:x@127.0.0.1:6399'],
    ['EGRESS_PROXY_URL', 'https://u:hunter2%0A@127.0.0.1:6399'],
    ['EGRESS_PROXY_URL', 'http://hunter%3A2:x@127.0.0.1:6399'],
    ['EGRESS_PROXY_URL', 'http://hunter2:x@127.0.0.1:0'],
    ['EGRESS_PROXY_URL', 'http://hunter2:x@127.0.0.1:3128/path'],
    ['EGRESS_PROXY_URL', 'http://hunter2:x@127.0.0.1:3128/?query'],
  ])('%s=%s is one issue, by name and without a value', (name, url) => {
    const faults = faultsOf({ ...GOOD, [name]: url });
    expect(faults).toEqual([expect.stringMatching(`^${name}: `)]);
    expect(faults.join()).not.toContain('hunter');
  });

  test('is decoded', () => {
    const env = {
      ...GOOD,
      REDIS_URL: 'redis://us%25er:p%40ss@redis.internal:6380/2',
      EGRESS_PROXY_URL: 'http://:p%C3%A4ss@proxy.internal:3128',
    };
    const { redis, upstream } = loadConfig(env);
    expect(redis).toMatchObject({ username: 'us%er', password: 'p@ss', db: 2 });
    expect(upstream.proxy?.url.href).toBe('http://proxy.internal:3128/');
    expect(upstream.proxy?.authorization).toBe(`Basic ${Buffer.from(':päss').toString('base64')}`);
  });
});

describe('white space and lookalikes', () => {
  test.each([
    ['JWT_ISSUER', 'https://id.example.com'],
    ['JWT_AUDIENCE', 'crm'],
    ['ZYNTRO_API_KEY', 'an-api-key'],
    ['ADMIN_TOKEN', 'an-operator-token'],
    ['PORT', '8080'],
    ['NODE_ENV', 'production'],
    ['ZYNTRO_TIMEZONE', 'Europe/Berlin'],
    ['CORS_ORIGINS', 'https://app.example.com'],
    ['REDIS_URL', 'redis://:pass@redis.internal'],
  ])('around %s are trimmed', (name, value) => {
    const plain = JSON.stringify(loadConfig({ ...GOOD, [name]: value }));
    for (const [before, after] of [
      ['', '\n'],
      ['', '\r\n'],
      ['', ' '],
      ['\uFEFF', ''],
      ['\t ', '\u00A0\n'],
    ])
      expect(JSON.stringify(loadConfig({ ...GOOD, [name]: `${before}${value}${after}` }))).toBe(plain);
  });

  test.each(['JWT_SECRET', 'REDIS_PASSWORD', 'REDIS_SENTINEL_PASSWORD'])(
    'other than line ends around %s are an issue, since they could belong to it',
    (name) => {
      for (const text of [`${SECRET} `, ` ${SECRET}`, `\t${SECRET}`, `${SECRET}\u00A0`, `${SECRET} \n`])
        expect(faultsOf({ ...GOOD, [name]: text })).toEqual([
          `${name}: begins or ends with white space: remove it`,
        ]);
      expect(namesOf({ ...GOOD, [name]: `${SECRET}\r\n` })).toEqual([]);
    },
  );

  test.each([
    ['JWT_ISSUER', 'https://id.example\u200B.com', /invisible character/],
    ['JWT_AUDIENCE', 'a\u00ADb', /invisible character/],
    ['JWT_AUDIENCE', '"crm"', /is in quotes/],
    ['JWT_CLAIM_ORG', 'org\nid', /control character/],
    ['JWT_ISSUER', '${OIDC_ISSUER}', /is a placeholder/],
    ['JWT_ISSUER', '$(OIDC_ISSUER)', /is a placeholder/],
    ['JWT_ISSUER', '{{ .Values.issuer }}', /is a placeholder/],
    ['JWT_ISSUER', 'undefined', /is a placeholder/],
    ['JWT_ISSUER', 'i'.repeat(257), /is longer than 256 characters/],
    ['REDIS_URL', 'redis://:${REDIS_PASSWORD}@redis', /is a placeholder/],
    ['REDIS_PASSWORD', 'p\uFFFDss', /control character/],
    ['ZYNTRO_API_KEY', '<your-api-key>', /is a placeholder/],
    ['ZYNTRO_API_KEY', 'changeme', /is an example/],
    ['ZYNTRO_DEVELOPER_SECRET', 'your-developer-secret', /is an example/],
    ['ADMIN_TOKEN', 'two words', /must be printable ASCII/],
    ['ADMIN_TOKEN', 'tökén', /must be printable ASCII/],
    ['ADMIN_TOKEN', ' ', /is blank/],
    ['JWT_ALGORITHMS', ',', /lists nothing/],
    ['TRUST_PROXY', '0.0.0.0/0', /must be the number of proxies/],
    ['TRUST_PROXY', 'fe80::1%eth0', /must be the number of proxies/],
  ])('in %s=%j are one issue', (name, text, reason) => {
    const faults = faultsOf({ ...GOOD, [name]: text });
    expect(faults).toEqual([expect.stringMatching(reason)]);
    expect(faults[0]).toMatch(`${name}: `);
  });

  test('count inside JSON, too', () => {
    const { JWT_SECRET: _, ZYNTRO_API_KEY: __, ZYNTRO_DEVELOPER_SECRET: ___, ...rest } = GOOD;
    const org = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
    const envOf = (apiKey: string, secret: string, issuer = 'i') => ({
      ...rest,
      JWT_ISSUER: undefined,
      // As an escape, which only the value that JSON.parse returns shows.
      ZYNTRO_CREDENTIALS: JSON.stringify({ [org]: { apiKey, developerSecret: 'zdk_a' } }).replace(
        '\u200B',
        '\\u200B',
      ),
      JWT_ISSUERS: JSON.stringify({ [issuer]: { secret } }),
    });
    expect(loadConfig(envOf('an-api-key \n', `${SECRET}\n`)).upstream.credentials).toMatchObject({
      byOrg: new Map([[org, { apiKey: 'an-api-key', developerSecret: 'zdk_a' }]]),
    });
    expect(faultsOf(envOf('hunter\u200B2', `${SECRET} `, 'i '))).toEqual([
      'JWT_ISSUERS: entry 1: its name can be the iss of no token',
      'JWT_ISSUERS: entry 1: secret begins or ends with white space: remove it',
      expect.stringMatching(/^ZYNTRO_CREDENTIALS: entry 1: apiKey contains a control character/),
    ]);
  });
});

const rsaPss = (modulusLength: number) =>
  generateKeyPairSync('rsa-pss', { modulusLength, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

test('an RSASSA-PSS key verifies PS algorithms, and a short one is refused', () => {
  const { JWT_SECRET: _, ...rest } = GOOD;
  const { issuers } = loadConfig({ ...rest, JWT_PUBLIC_KEY: rsaPss(2048) }).auth;
  expect([...issuers[0]!.keys[0]!.algorithms]).toEqual(['PS256', 'PS384', 'PS512']);
  expect(namesOf({ ...rest, JWT_PUBLIC_KEY: rsaPss(1024) })).toEqual(['JWT_PUBLIC_KEY']);
});
