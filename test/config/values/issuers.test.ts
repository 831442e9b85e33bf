import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../../src/config/config-issues.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { DEMO_JWT_SECRET } from '../../../src/config/values/secret-strength.ts';

const SECRET = 'Zp3vX1q8bN5mC7kL0jH2gF4dS6aQ9wE+rTyUiOp/1A=';
const OTHER = 'Qw7eRt5yUi3oPa1sDf9gHj2kLz8xCv4bNm6QwErTy0U=';
const BASE = { ZYNTRO_API_KEY: 'an-api-key', ZYNTRO_DEVELOPER_SECRET: 'zdk_a-developer-secret' };
const PEM = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  type: 'spki',
  format: 'pem',
});
const URI = 'https://idp.example/keys';

const issuersOf = (env: Record<string, string>) => loadConfig({ ...BASE, ...env }).auth.issuers;
function issuesOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig({ ...BASE, ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}
const json = (issuers: object) => ({ JWT_ISSUERS: JSON.stringify(issuers) });

test('JWT_ISSUERS gives each issuer its own keys, audience, claim names and tier', () => {
  const [users, jobs] = issuersOf({
    ...json({
      'https://idp.example/': {
        jwksUri: `${URI}?p=policy`,
        audience: 'bff',
        algorithms: ['RS256', 'ES256'],
        claims: { org: 'https://idp.example/org', scope: 'entitlements' },
      },
      jobs: { publicKey: PEM, tier: 'internal', claims: { member: 'acts_for', tier: 'level' } },
    }),
    JWT_AUDIENCE: 'shared',
    JWT_CLAIM_MEMBER: 'mbr',
  });
  expect(users).toMatchObject({
    issuer: 'https://idp.example/',
    audience: 'bff',
    keys: [],
    jwks: { uri: new URL(`${URI}?p=policy`), algorithms: new Set(['RS256', 'ES256']) },
    claims: { org: 'https://idp.example/org', member: 'mbr', tier: 'rate_tier', scopes: ['entitlements'] },
    tier: undefined,
  });
  expect(jobs).toMatchObject({
    issuer: 'jobs',
    audience: 'shared',
    jwks: undefined,
    claims: { org: 'org_id', member: 'acts_for', tier: 'level', scopes: ['scope', 'scp', 'permissions'] },
    tier: 'internal',
  });
  expect(jobs!.keys.map(({ algorithms }) => [...algorithms])).toEqual([['ES256']]);
});

test('JWT_ISSUERS_FILE adds issuers to the one of the JWT_ variables', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'issuers-')), 'issuers.json');
  writeFileSync(file, JSON.stringify({ jobs: { secret: OTHER } }));
  const issuers = issuersOf({
    JWT_ISSUERS_FILE: file,
    JWT_ISSUER: 'https://idp.example/',
    JWT_AUDIENCE: 'bff',
    JWT_SECRET: SECRET,
  });
  expect(issuers.map(({ issuer }) => issuer)).toEqual(['https://idp.example/', 'jobs']);
});

test('a key set and a secret of one issuer verify the algorithms of their own family', () => {
  const [issuer] = issuersOf({
    JWT_SECRET: SECRET,
    JWT_JWKS_URI: URI,
    JWT_ALGORITHMS: 'HS256,RS256',
    JWT_ISSUER: 'i',
    JWT_AUDIENCE: 'a',
  });
  expect([...issuer!.keys[0]!.algorithms]).toEqual(['HS256']);
  expect([...issuer!.jwks!.algorithms]).toEqual(['RS256']);
});

const entry = (value: unknown) => ({ ...json({ i: value }), JWT_AUDIENCE: 'a' });
const SINGLE = { JWT_SECRET: SECRET, JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' };
test.each<[string, Record<string, string>, RegExp]>([
  [
    'text that is not JSON',
    { JWT_ISSUERS: '{"i": {"secret": "hunter2' },
    /^JWT_ISSUERS: must be a JSON object/,
  ],
  ['a list', { JWT_ISSUERS: '[]' }, /^JWT_ISSUERS: must be a JSON object/],
  ['an empty object', { JWT_ISSUERS: '{}' }, /^JWT_ISSUERS: must be a JSON object/],
  [
    'an issuer twice',
    { JWT_ISSUERS: `{"i":{"secret":"${SECRET}"},"\\u0069":{"secret":"${SECRET}"}}`, JWT_AUDIENCE: 'a' },
    /^JWT_ISSUERS: has a name twice, and only the last would count$/,
  ],
  [
    'a member twice',
    { JWT_ISSUERS: `{"i":{"secret":"hunter2","secret":"${SECRET}"}}`, JWT_AUDIENCE: 'a' },
    /^JWT_ISSUERS: has a name twice, and only the last would count$/,
  ],
  ['an entry without a key', entry({}), /^JWT_ISSUERS: entry 1 needs secret, publicKey or jwksUri/],
  ['an entry that is a string', entry('hunter2'), /^JWT_ISSUERS: entry 1 must be an object$/],
  ['an unknown member', entry({ secret: SECRET, hunter2: 1 }), /^JWT_ISSUERS: entry 1 has an unknown member/],
  ['a weak secret', entry({ secret: 'hunter2' }), /^JWT_ISSUERS: secret of entry 1 is shorter/],
  [
    'a well-known secret',
    entry({ secret: 'changeme'.repeat(8) }),
    /^JWT_ISSUERS: secret of entry 1 is a well-known/,
  ],
  [
    'the demo’s secret',
    entry({ secret: DEMO_JWT_SECRET }),
    /^JWT_ISSUERS: secret of entry 1 is the public secret of the demo/,
  ],
  ['a broken key', entry({ publicKey: 'hunter2' }), /^JWT_ISSUERS: publicKey of entry 1 is not a public key/],
  [
    'a jwksUri without TLS',
    entry({ jwksUri: 'http://idp.example/' }),
    /^JWT_ISSUERS: jwksUri of entry 1 must be https/,
  ],
  [
    'a jwksUri that is not a URI',
    entry({ jwksUri: 'hunter2' }),
    /^JWT_ISSUERS: jwksUri of entry 1 must be an absolute URL/,
  ],
  [
    'a jwksUri and a publicKey',
    entry({ jwksUri: URI, publicKey: PEM }),
    /^JWT_ISSUERS: jwksUri of entry 1 is set, and so/,
  ],
  [
    'an unknown algorithm',
    entry({ jwksUri: URI, algorithms: ['none'] }),
    /^JWT_ISSUERS: algorithms of entry 1 lists an unknown algorithm/,
  ],
  [
    'an HMAC algorithm for a key set',
    entry({ jwksUri: URI, algorithms: ['HS256'] }),
    /^JWT_ISSUERS: algorithms of entry 1 lists HS256, which/,
  ],
  ['a secret that is a number', entry({ secret: 7 }), /^JWT_ISSUERS: secret of entry 1 must be a string$/],
  [
    'an empty list of algorithms',
    entry({ jwksUri: URI, algorithms: [] }),
    /^JWT_ISSUERS: algorithms of entry 1 must not be empty$/,
  ],
  [
    'an algorithm that is a number',
    entry({ jwksUri: URI, algorithms: [1] }),
    /^JWT_ISSUERS: algorithms\.0 of entry 1 must be a string$/,
  ],
  ['a broken tier', entry({ jwksUri: URI, tier: 'a b' }), /^JWT_ISSUERS: tier of entry 1 must be/],
  [
    'an unknown claim',
    entry({ jwksUri: URI, claims: { hunter2: 'x' } }),
    /^JWT_ISSUERS: claims of entry 1 has an unknown member/,
  ],
  [
    'an issuer that no token can name',
    { ...json({ 'a\nb': { secret: SECRET } }), JWT_AUDIENCE: 'a' },
    /^JWT_ISSUERS: the name of entry 1 cannot/,
  ],
  [
    'an entry without an audience',
    json({ i: { secret: SECRET } }),
    /^JWT_ISSUERS: audience of entry 1 is required/,
  ],
  [
    'the issuer of JWT_ISSUER repeated',
    { ...SINGLE, ...json({ i: { secret: OTHER } }) },
    /^JWT_ISSUERS: contains the issuer of JWT_ISSUER/,
  ],
  [
    'a JWT_SECRET without an issuer',
    { ...json({ i: { secret: OTHER } }), JWT_SECRET: SECRET, JWT_AUDIENCE: 'a', NODE_ENV: 'development' },
    /^JWT_ISSUER: is required together with/,
  ],
  [
    'JWT_ALGORITHMS without keys',
    { ...entry({ secret: SECRET }), JWT_ALGORITHMS: 'HS256' },
    /^JWT_ALGORITHMS: applies to/,
  ],
  [
    'a JWT_JWKS_URI without TLS',
    { JWT_JWKS_URI: 'http://idp.example/', JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' },
    /^JWT_JWKS_URI: must be https/,
  ],
  [
    'a JWT_JWKS_URI and a JWT_PUBLIC_KEY',
    { JWT_JWKS_URI: URI, JWT_PUBLIC_KEY: String(PEM), JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' },
    /^JWT_JWKS_URI: is set, and so/,
  ],
  [
    'a cookie name without __Host-',
    { ...SINGLE, AUTH_COOKIE_NAME: 'token' },
    /^AUTH_COOKIE_NAME: must begin with __Host-/,
  ],
  [
    'a cookie name with a semicolon',
    { ...SINGLE, AUTH_COOKIE_NAME: '__Host-a;b' },
    /^AUTH_COOKIE_NAME: must begin/,
  ],
  ['a lifetime of 0', { ...SINGLE, JWT_MAX_LIFETIME_S: '0' }, /^JWT_MAX_LIFETIME_S: must be a whole number/],
])('reports %s as one issue with the name and without the value', (_name, env, issue) => {
  const issues = issuesOf(env);
  expect(issues).toEqual([expect.stringMatching(issue)]);
  expect(issues.join()).not.toContain('hunter2');
});

test('reports every issue of every entry', () => {
  const issuers = { one: { secret: 'short', algorithms: ['RS256'] }, two: {}, three: { secret: SECRET } };
  const issues = issuesOf({ ...json(issuers), JWT_AUDIENCE: 'a' });
  expect(issues.map((issue) => /entry \d/.exec(issue)?.[0])).toEqual(['entry 1', 'entry 1', 'entry 2']);
});
