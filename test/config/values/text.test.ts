import { loadConfig } from '../../../src/config/index.ts';
import { GOOD, issuesOf, namesOf, SECRET } from '../../support/config.ts';

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
      'JWT_ISSUERS: the name of entry 1 cannot be the iss of a token',
      'JWT_ISSUERS: secret of entry 1 begins or ends with white space: remove it',
      expect.stringMatching(/^ZYNTRO_CREDENTIALS: apiKey of entry 1 contains a control character/),
    ]);
  });
});
