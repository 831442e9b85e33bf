import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import jwt from 'jsonwebtoken';
import scopes from '../../config/scopes.json' with { type: 'json' };
import { DEMO_JWT_SECRET } from '../../src/config/values/secret-strength.ts';
import { runNode } from '../support/child.ts';
import type { Json } from '../support/http.ts';
import { writeKeyPair } from '../support/key-pair.ts';

const ORG = randomUUID();
const MEMBER = randomUUID();
const SECRET = randomBytes(48).toString('base64');
const ISSUERS = JSON.stringify({ 'https://a.example': { secret: SECRET, audience: 'crm' } });
const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-token-'));
afterAll(() => rmSync(directory, { recursive: true }));

const IDENTITY = ['--org', ORG, '--member', MEMBER];

/** Runs the command in an empty directory, so that it does not read a developer's .env file. */
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runNode('src/cli/token.ts', env, { args, cwd: directory });

async function mint(args: readonly string[] = [], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await run([...IDENTITY, ...args], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return stdout.trim();
}

const claimsOf = (token: string): Json => jwt.decode(token);
const algorithmOf = (token: string): unknown => jwt.decode(token, { complete: true })?.header.alg;

describe('minted token', () => {
  test('has the given ids and the defaults, and no other claim', async () => {
    const claims = jwt.verify(await mint([], { JWT_SECRET: SECRET }), SECRET, {
      algorithms: ['HS256'],
    }) as Json;
    expect(claims).toEqual({
      org_id: ORG,
      member_id: MEMBER,
      sub: 'local-user',
      scope: scopes.read,
      iat: expect.any(Number),
      exp: claims.iat + 3600,
    });
    expect(Math.abs(claims.iat - Date.now() / 1000)).toBeLessThan(60);
  });

  test('uses every option', async () => {
    const options = ['--scope', 'contacts:read cache:bypass', '--sub', 'job-7', '--tier', 'internal'];
    const claims = claimsOf(await mint([...options, '--expires-in', '60'], { JWT_SECRET: SECRET }));
    expect(claims).toMatchObject({
      scope: 'contacts:read cache:bypass',
      sub: 'job-7',
      rate_tier: 'internal',
      exp: claims.iat + 60,
    });
  });

  test('does not live longer than JWT_MAX_LIFETIME_S allows', async () => {
    const env = { JWT_SECRET: SECRET, JWT_MAX_LIFETIME_S: '900' };
    const claims = claimsOf(await mint([], env));
    expect(claims.exp).toBe(claims.iat + 900);
    const { stderr } = await run([...IDENTITY, '--expires-in', '901'], env);
    expect(stderr).toMatch(/^--expires-in must be at most 900, because of JWT_MAX_LIFETIME_S/);
  });

  test('has expired if --expires-in is negative', async () => {
    const token = await mint(['--expires-in=-60'], { JWT_SECRET: SECRET });
    const claims = claimsOf(token);
    expect(claims.exp).toBe(claims.iat - 60);
    expect(() => jwt.verify(token, SECRET)).toThrow('jwt expired');
  });

  test('is not signed if JWT_ALGORITHMS is not separated by commas, as in the proxy', async () => {
    const { code, stderr } = await run(IDENTITY, { JWT_SECRET: SECRET, JWT_ALGORITHMS: 'HS384 HS512' });
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('JWT_ALGORITHMS') });
  });

  test('has ids in lower case', async () => {
    const { stdout } = await run(['--org', ORG.toUpperCase(), '--member', MEMBER.toUpperCase()], {
      JWT_SECRET: SECRET,
    });
    expect(claimsOf(stdout.trim())).toMatchObject({ org_id: ORG, member_id: MEMBER });
  });

  test('has the issuer, the audience and the configured claim names', async () => {
    const env = {
      JWT_SECRET: SECRET,
      JWT_ISSUER: 'https://id.example.com',
      JWT_AUDIENCE: 'zyntro-bff',
      JWT_CLAIM_ORG: 'https://example.com/tenant',
      JWT_CLAIM_MEMBER: 'seat',
    };
    const claims = claimsOf(await mint([], env));
    expect(claims).toMatchObject({ iss: 'https://id.example.com', aud: 'zyntro-bff', seat: MEMBER });
    expect(claims['https://example.com/tenant']).toBe(ORG);
    expect(claims).not.toHaveProperty('org_id');
  });

  test('is for one issuer of JWT_ISSUERS if the key, the issuer and the audience are given', async () => {
    const env = { JWT_ISSUERS: ISSUERS, JWT_ISSUER: 'https://a.example', JWT_AUDIENCE: 'crm' };
    const token = await mint([], { ...env, JWT_SECRET: SECRET });
    expect(jwt.verify(token, SECRET)).toMatchObject({ iss: 'https://a.example', aud: 'crm' });
  });

  test('is signed with the secret of a file, without its final newline', async () => {
    const file = path.join(directory, 'secret');
    writeFileSync(file, `${SECRET}\n`);
    expect(jwt.verify(await mint([], { JWT_SECRET_FILE: file }), SECRET)).toBeTruthy();
  });

  test('uses the settings of a .env file', async () => {
    const file = path.join(directory, '.env');
    writeFileSync(file, `JWT_SECRET=${SECRET}\nJWT_ISSUER=https://env.example.com\n`);
    try {
      const token = await mint();
      expect(jwt.verify(token, SECRET)).toMatchObject({ iss: 'https://env.example.com' });
    } finally {
      rmSync(file);
    }
  });

  test('is signed for the demo, with a notice, if no secret is set', async () => {
    const { code, stdout, stderr } = await run(IDENTITY);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'JWT_SECRET is not set: this token is for `npm run demo`.\n',
    });
    expect(jwt.verify(stdout.trim(), DEMO_JWT_SECRET)).toBeTruthy();
  });
});

describe('--key', () => {
  test.each([
    ['rsa', { modulusLength: 2048 }, 'RS256'],
    ['rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha512', mgf1HashAlgorithm: 'sha512' }, 'PS512'],
    ['ec', { namedCurve: 'P-256' }, 'ES256'],
    ['ec', { namedCurve: 'P-384' }, 'ES384'],
    ['ec', { namedCurve: 'P-521' }, 'ES512'],
  ] as const)('%s %j signs with %s, even if a secret is set', async (type, options, algorithm) => {
    const { file, publicKey } = writeKeyPair(directory, type, options);
    const token = await mint(['--key', file], { JWT_SECRET: SECRET });
    expect(algorithmOf(token)).toBe(algorithm);
    expect(jwt.verify(token, publicKey, { algorithms: [algorithm] })).toMatchObject({ org_id: ORG });
  });

  test('signs with an algorithm of JWT_ALGORITHMS', async () => {
    const { file } = writeKeyPair(directory, 'rsa', { modulusLength: 2048 });
    expect(algorithmOf(await mint(['--key', file], { JWT_ALGORITHMS: 'PS512, PS384' }))).toBe('PS384');
    expect(algorithmOf(await mint([], { JWT_SECRET: SECRET, JWT_ALGORITHMS: 'HS512' }))).toBe('HS512');
  });

  test.each([
    ['that is not a key', 'hello'],
    ['that is too short', () => writeKeyPair(directory, 'rsa', { modulusLength: 1024 }).file],
    ['of an unsupported type', () => writeKeyPair(directory, 'ed25519').file],
    [
      'on a curve that JWS does not support',
      () => writeKeyPair(directory, 'ec', { namedCurve: 'secp256k1' }).file,
    ],
    ['that is the public key', () => writeKeyPair(directory, 'rsa', { modulusLength: 2048 }).publicKey],
  ])('rejects a key file %s', async (_name, given) => {
    const made = typeof given === 'string' ? given : given();
    const file = made.startsWith(directory) ? made : path.join(directory, 'other.pem');
    if (file !== made) writeFileSync(file, made);
    const { code, stdout, stderr } = await run([...IDENTITY, '--key', file]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(/^The key cannot sign: /);
  });

  test('rejects a key that JWT_ALGORITHMS does not allow', async () => {
    const { file } = writeKeyPair(directory, 'ec', { namedCurve: 'P-256' });
    const { code, stderr } = await run([...IDENTITY, '--key', file], { JWT_ALGORITHMS: 'RS256' });
    expect(code).toBe(64);
    expect(stderr).toMatch(/^The key cannot sign: .*JWT_ALGORITHMS/);
  });
});

describe('invalid input exits with 64, an error and the usage', () => {
  test.each([
    ['no arguments', [], /^--org must be/],
    ['no member', ['--org', ORG], /^--member must be/],
    ['an organization that is not a UUID', ['--org', 'acme', '--member', MEMBER], /^--org must be/],
    ['a member that is not a UUID', ['--org', ORG, '--member', `${MEMBER}0`], /^--member must be/],
    ['an unknown option', [...IDENTITY, '--role', 'admin'], /--role/],
    ['an option without a value', [...IDENTITY, '--scope'], /--scope/],
    ['an extra argument', [...IDENTITY, 'please'], /please/],
    ['an empty subject', [...IDENTITY, '--sub', ''], /^--sub must/],
    ['a lifetime of 0', [...IDENTITY, '--expires-in', '0'], /^--expires-in must be/],
    ['a lifetime of -0', [...IDENTITY, '--expires-in=-0'], /^--expires-in must be/],
    ['a lifetime in words', [...IDENTITY, '--expires-in', '1h'], /^--expires-in must be/],
    ['a lifetime with a fraction', [...IDENTITY, '--expires-in', '1.5'], /^--expires-in must be/],
    ['a hexadecimal lifetime', [...IDENTITY, '--expires-in', '0x10'], /^--expires-in must be/],
    [
      'a missing key file',
      [...IDENTITY, '--key', '/nowhere/key.pem'],
      /key\.pem: the file cannot be read \(ENOENT\)/,
    ],
  ])('%s', async (_name, args, message) => {
    const { code, stdout, stderr } = await run(args, { JWT_SECRET: SECRET });
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toContain('\nUsage: npm run --silent token -- --org UUID --member UUID [options]\n');
    expect(stderr).not.toMatch(/\bat \S+ \(/);
    expect(stderr).not.toContain(SECRET);
  });

  test('a missing secret file', async () => {
    const { code, stderr } = await run(IDENTITY, { JWT_SECRET_FILE: '/nowhere/secret' });
    expect(code).toBe(64);
    expect(stderr).toMatch(/^JWT_SECRET_FILE: the file cannot be read \(ENOENT\)/);
  });

  test.each([
    ['JWT_PUBLIC_KEY', 'some PEM'],
    ['JWT_JWKS_URI', 'https://id.example.com/jwks.json'],
  ])('%s without --key', async (name, value) => {
    const { code, stdout, stderr } = await run(IDENTITY, { [name]: value });
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(/^The proxy verifies with a public key: .* --key FILE/);
  });

  test.each<[string, Record<string, string>]>([
    ['without a key', {}],
    ['with an issuer, but without a key', { JWT_ISSUER: 'https://a.example' }],
    ['with a key, but without an issuer', { JWT_SECRET: SECRET }],
  ])('JWT_ISSUERS %s', async (_name, env) => {
    const { code, stdout, stderr } = await run(IDENTITY, { JWT_ISSUERS: ISSUERS, ...env });
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(/^The proxy takes its keys from JWT_ISSUERS: .*JWT_ISSUER and JWT_AUDIENCE/);
  });
});

test('--help prints only the usage', async () => {
  const { code, stdout, stderr } = await run(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: /);
  for (const option of ['--scope', '--sub', '--tier', '--expires-in', '--key'])
    expect(stdout).toContain(option);
});

test('--help names every scope of config/scopes.json', async () => {
  const { stdout } = await run(['--help']);
  const words = stdout.split(/\s+/);
  const { read, bypassCache, operations } = scopes;
  expect(words).toEqual(expect.arrayContaining([read, bypassCache, ...Object.values(operations)]));
});
