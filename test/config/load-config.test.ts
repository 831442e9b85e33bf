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

function issuesOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}
const namesOf = (env: Record<string, string | undefined>) =>
  issuesOf(env).map((issue) => issue.split(':')[0]);

test('needs only the required variables and uses the documented defaults', () => {
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

test('reports all issues at once, with names and without values', () => {
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
  expect(issuesOf(env).join('\n')).not.toMatch(/hunter2/);
});

test.each([
  ['shorter than 32 bytes', 'a'.repeat(31)],
  ['a well-known example', 'your-super-secret-jwt-token-with-at-least-32-characters-long'],
  ['a well-known example in another spelling', 'A String_Secret at LEAST 256 bits long!!'],
  ['a repeated word', 'secretsecretsecretsecretsecretsecret'],
  ['a repeated word with a number', 'changeme-changeme-changeme-changeme-1234'],
  ['that of the demo', DEMO_JWT_SECRET],
])('rejects a JWT_SECRET that is %s', (_name, secret) => {
  expect(namesOf({ ...GOOD, JWT_SECRET: secret })).toEqual(['JWT_SECRET']);
});

test('requires JWT_ISSUER and JWT_AUDIENCE outside development', () => {
  const { JWT_ISSUER: _issuer, JWT_AUDIENCE: _audience, ...rest } = GOOD;
  expect(namesOf(rest)).toEqual(['JWT_AUDIENCE', 'JWT_ISSUER']);
  expect(namesOf({ ...rest, NODE_ENV: 'development' })).toEqual([]);
});

test('accepts the demo secret only in development with a loopback upstream', () => {
  const env = { ...GOOD, JWT_SECRET: DEMO_JWT_SECRET, NODE_ENV: 'development' };
  expect(namesOf(env)).toEqual(['JWT_SECRET']);
  expect(namesOf({ ...env, ZYNTRO_BASE_URL: 'http://127.0.0.1:4010' })).toEqual([]);
});

function keysOf(env: object): string[][] {
  return loadConfig({ ...GOOD, JWT_SECRET: undefined, ...env }).auth.issuers[0]!.keys.map((key) => [
    ...key.algorithms,
  ]);
}

test('binds keys to the algorithms of their family', () => {
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
  ['an Ed25519 key, which jsonwebtoken does not support', () => pem('ed25519').publicKey],
  ['a curve that JWS does not have', () => pem('ec', { namedCurve: 'secp256k1' }).publicKey],
  ['text that is not PEM', () => 'hello'],
])('rejects as JWT_PUBLIC_KEY: %s', (_name, make) => {
  expect(namesOf({ ...GOOD, JWT_SECRET: undefined, JWT_PUBLIC_KEY: make() })).toEqual(['JWT_PUBLIC_KEY']);
});

test('rejects an algorithm that no key can verify', () => {
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
    ['changes', SECRET],
    ['a line end', `${SECRET}\n`],
    ['CRLF', `${SECRET}\r\n`],
    ['several line ends', `${SECRET}\r\n\n`],
    ['a byte order mark', `${BOM}${SECRET}`],
    ['a byte order mark and a line end', `${BOM}${SECRET}\n`],
  ])('are read without %s', (_name, content) => {
    const env = { ...GOOD, JWT_SECRET: undefined, JWT_SECRET_FILE: file('jwt', content) };
    const [key] = loadConfig(env).auth.issuers[0]!.keys;
    expect(key!.key.export().toString('utf8')).toBe(SECRET);
  });

  test('in PEM and JSON are read after a byte order mark', () => {
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
    ['UTF-16 without a byte order mark', Buffer.from('hunter2', 'utf16le'), /is UTF-16 or binary/],
    ['Latin-1', Buffer.from('hunter2é', 'latin1'), /is not UTF-8/],
    ['a zero-width space', 'hunter2\u200B', /contains .* an invisible character/],
    ['a no-break space inside', 'hunter\u00A02', /contains .* a space that is not ASCII/],
    ['a line end inside', 'hunter\n2', /contains a control character/],
    ['quotes around it', '"hunter2"\n', /is in quotes/],
    ['a placeholder', '${hunter2}', /is a placeholder/],
    ['more than 1 MiB', 'hunter2'.repeat(200_000), /is over 1 MiB/],
  ])('with %s are one issue with the name and without the value', (_name, content, reason) => {
    writeFileSync(join(directory, 'secret'), content);
    for (const name of ['ZYNTRO_API_KEY', 'JWT_SECRET', 'ADMIN_TOKEN', 'REDIS_PASSWORD']) {
      const issues = issuesOf({ ...GOOD, [name]: undefined, [`${name}_FILE`]: join(directory, 'secret') });
      expect(issues).toEqual([expect.stringMatching(`^${name}_FILE: the `)]);
      expect(issues[0]).toMatch(reason);
      expect(issues[0]).not.toContain('hunter');
    }
  });

  test('that are pipes or devices are issues and never block', () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero'])
      expect(issuesOf({ ...GOOD, ADMIN_TOKEN_FILE: path })).toEqual([
        'ADMIN_TOKEN_FILE: the file is not a regular file',
      ]);
  });

  test('that are empty or missing, or set together with the variable, are issues', () => {
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

  test('are read with organization ids in lower case', () => {
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
    ['text that is not JSON', '{hunter2'],
    ['a list', '["hunter2"]'],
    ['an empty object', '{}'],
    ['an organization that is not a UUID', '{"hunter2":{"apiKey":"a","developerSecret":"b"}}'],
    ['an entry that lacks a secret', `{"${org}":{"apiKey":"hunter2"}}`],
  ])('are rejected if they are or contain %s', (_name, text) => {
    const env = { ...rest, ZYNTRO_CREDENTIALS: text };
    expect(new Set(namesOf(env))).toEqual(new Set(['ZYNTRO_CREDENTIALS']));
    expect(issuesOf(env).join()).not.toContain('hunter2');
  });

  test('are rejected together with ZYNTRO_API_KEY and ZYNTRO_DEVELOPER_SECRET', () => {
    expect(
      namesOf({ ...GOOD, ZYNTRO_CREDENTIALS: `{"${org}":{"apiKey":"a","developerSecret":"b"}}` }),
    ).toEqual(['ZYNTRO_CREDENTIALS']);
  });
});

describe('rate limits', () => {
  test('RATE_LIMIT_TIERS adds tiers to those of the file and overrides them', () => {
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
  ])('RATE_LIMIT_TIERS=%s is an issue', (text, reason) => {
    expect(issuesOf({ ...GOOD, RATE_LIMIT_TIERS: text })).toEqual([
      expect.stringContaining(`RATE_LIMIT_TIERS: ${reason}`),
    ]);
  });
});

describe('TRUST_PROXY', () => {
  test.each([
    ['2', 2],
    ['0', 0],
    ['10.0.0.0/8, ::1,loopback', ['10.0.0.0/8', '::1', 'loopback']],
  ])('accepts %s', (text, value) => {
    expect(loadConfig({ ...GOOD, TRUST_PROXY: text }).trustProxy).toEqual(value);
  });

  test.each(['true', '17', '10.0.0.0/33', 'proxy.example.com', '1,2', '-1'])('rejects %s', (text) => {
    expect(issuesOf({ ...GOOD, TRUST_PROXY: text })).toEqual([
      expect.stringMatching(/^TRUST_PROXY: must be the number of proxies/),
    ]);
  });
});

test('WEB_CONCURRENCY above 1 requires Redis and divides the upstream limits', () => {
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
  ])('reads %s as %s', (given, expected) => {
    expect(loadConfig({ ...GOOD, EGRESS_LOCAL_ADDRESS: given }).upstream.localAddress).toBe(expected);
  });

  test.each([
    ['192.0.2.1', 'https://[2001:db8::7]', ['EGRESS_LOCAL_ADDRESS']],
    ['2001:db8::1', 'https://192.0.2.7', ['EGRESS_LOCAL_ADDRESS']],
    ['2001:db8::1', 'https://[2001:db8::7]', []],
    ['::ffff:192.0.2.1', 'https://192.0.2.7', []],
    ['2001:db8::1', 'https://app.example.com', []],
  ])('%s with the upstream %s has the issues %j', (source, upstream, names) => {
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
  ])('%s=%s is one issue with the name and without the value', (name, url) => {
    const issues = issuesOf({ ...GOOD, [name]: url });
    expect(issues).toEqual([expect.stringMatching(`^${name}: `)]);
    expect(issues.join()).not.toContain('hunter');
  });

  test('has its credentials decoded', () => {
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
    'around %s are an issue unless they are line ends, because they could belong to it',
    (name) => {
      for (const text of [`${SECRET} `, ` ${SECRET}`, `\t${SECRET}`, `${SECRET}\u00A0`, `${SECRET} \n`])
        expect(issuesOf({ ...GOOD, [name]: text })).toEqual([
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
    ['JWT_ALGORITHMS', ',', /is an empty list/],
    ['TRUST_PROXY', '0.0.0.0/0', /must be the number of proxies/],
    ['TRUST_PROXY', 'fe80::1%eth0', /must be the number of proxies/],
  ])('in %s=%j are one issue', (name, text, reason) => {
    const issues = issuesOf({ ...GOOD, [name]: text });
    expect(issues).toEqual([expect.stringMatching(reason)]);
    expect(issues[0]).toMatch(`${name}: `);
  });

  test('are checked inside JSON as well', () => {
    const { JWT_SECRET: _, ZYNTRO_API_KEY: __, ZYNTRO_DEVELOPER_SECRET: ___, ...rest } = GOOD;
    const org = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
    const envOf = (apiKey: string, secret: string, issuer = 'i') => ({
      ...rest,
      JWT_ISSUER: undefined,
      // Written as a JSON escape, so that only the parsed value contains the character.
      ZYNTRO_CREDENTIALS: JSON.stringify({ [org]: { apiKey, developerSecret: 'zdk_a' } }).replace(
        '\u200B',
        '\\u200B',
      ),
      JWT_ISSUERS: JSON.stringify({ [issuer]: { secret } }),
    });
    expect(loadConfig(envOf('an-api-key \n', `${SECRET}\n`)).upstream.credentials).toMatchObject({
      byOrg: new Map([[org, { apiKey: 'an-api-key', developerSecret: 'zdk_a' }]]),
    });
    expect(issuesOf(envOf('hunter\u200B2', `${SECRET} `, 'i '))).toEqual([
      'JWT_ISSUERS: entry 1: its name cannot be the iss of a token',
      'JWT_ISSUERS: entry 1: secret begins or ends with white space: remove it',
      expect.stringMatching(/^ZYNTRO_CREDENTIALS: entry 1: apiKey contains a control character/),
    ]);
  });
});

const rsaPss = (modulusLength: number) =>
  generateKeyPairSync('rsa-pss', { modulusLength, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

test('an RSASSA-PSS key verifies PS algorithms, and a short one is rejected', () => {
  const { JWT_SECRET: _, ...rest } = GOOD;
  const { issuers } = loadConfig({ ...rest, JWT_PUBLIC_KEY: rsaPss(2048) }).auth;
  expect([...issuers[0]!.keys[0]!.algorithms]).toEqual(['PS256', 'PS384', 'PS512']);
  expect(namesOf({ ...rest, JWT_PUBLIC_KEY: rsaPss(1024) })).toEqual(['JWT_PUBLIC_KEY']);
});
