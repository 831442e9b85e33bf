import { loadConfig } from '../../src/config/index.ts';
import { GOOD, issuesOf, namesOf } from '../support/config.ts';

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
    [
      'an organization twice',
      `{"${org}":{"apiKey":"a","developerSecret":"b"},"${org}":{"apiKey":"hunter2","developerSecret":"b"}}`,
    ],
    ['an entry that lacks a secret', `{"${org}":{"apiKey":"hunter2"}}`],
  ])('are rejected if they are or contain %s', (_name, text) => {
    const env = { ...rest, ZYNTRO_CREDENTIALS: text };
    expect(new Set(namesOf(env))).toEqual(new Set(['ZYNTRO_CREDENTIALS']));
    expect(issuesOf(env).join()).not.toContain('hunter2');
  });

  test('name the entry and its member in each issue', () => {
    const other = org.replace('A1', 'B1');
    const entries = {
      hunter2: {},
      [org]: { apiKey: 'changeme', developerSecret: 'b' },
      [other]: { apiKey: 7, developerSecret: 'b' },
    };
    expect(issuesOf({ ...rest, ZYNTRO_CREDENTIALS: JSON.stringify(entries) })).toEqual([
      'ZYNTRO_CREDENTIALS: the name of entry 1 is not a UUID',
      'ZYNTRO_CREDENTIALS: apiKey of entry 2 is an example or a placeholder: set the value that was issued',
      'ZYNTRO_CREDENTIALS: entry 3 must be { "apiKey": "…", "developerSecret": "…" }',
    ]);
  });

  test('are rejected together with ZYNTRO_API_KEY and ZYNTRO_DEVELOPER_SECRET', () => {
    expect(
      namesOf({ ...GOOD, ZYNTRO_CREDENTIALS: `{"${org}":{"apiKey":"a","developerSecret":"b"}}` }),
    ).toEqual(['ZYNTRO_CREDENTIALS']);
  });
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
    ['EGRESS_PROXY_URL', 'https://u:hunter2%0A@proxy.internal:6399'],
    ['EGRESS_PROXY_URL', 'http://hunter%3A2:x@127.0.0.1:6399'],
    ['EGRESS_PROXY_URL', 'http://hunter2:x@127.0.0.1:0'],
    ['EGRESS_PROXY_URL', 'https://hunter2:x@192.0.2.1:3128'],
    ['EGRESS_PROXY_URL', 'https://hunter2:x@[2001:db8::1]:3128'],
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
