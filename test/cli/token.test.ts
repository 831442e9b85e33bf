import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import jwt from 'jsonwebtoken';
import { DEMO_JWT_SECRET } from '../../src/config/secret-strength.ts';
import { runNode } from '../support/child.ts';
import type { Json } from '../support/http.ts';
import { writeKeyPair } from '../support/key-pair.ts';

const ORG = randomUUID();
const MEMBER = randomUUID();
const SECRET = randomBytes(48).toString('base64');
const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-token-'));
afterAll(() => rmSync(directory, { recursive: true }));

const WHO = ['--org', ORG, '--member', MEMBER];

/** In a working directory of its own, so that no .env of a developer counts. */
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runNode('src/cli/token.ts', env, { args, cwd: directory });

async function mint(args: readonly string[] = [], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await run([...WHO, ...args], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return stdout.trim();
}

const claimsOf = (token: string): Json => jwt.decode(token);
const algorithmOf = (token: string): unknown => jwt.decode(token, { complete: true })?.header.alg;

describe('a token', () => {
  test('holds who was asked for and the defaults, and nothing else', async () => {
    const claims = jwt.verify(await mint([], { JWT_SECRET: SECRET }), SECRET, {
      algorithms: ['HS256'],
    }) as Json;
    expect(claims).toEqual({
      org_id: ORG,
      member_id: MEMBER,
      sub: 'local-user',
      scope: 'contacts:read',
      iat: expect.any(Number),
      exp: claims.iat + 3600,
    });
    expect(Math.abs(claims.iat - Date.now() / 1000)).toBeLessThan(60);
  });

  test('takes every option', async () => {
    const options = ['--scope', 'contacts:read cache:bypass', '--sub', 'job-7', '--tier', 'internal'];
    const claims = claimsOf(await mint([...options, '--expires-in', '60'], { JWT_SECRET: SECRET }));
    expect(claims).toMatchObject({
      scope: 'contacts:read cache:bypass',
      sub: 'job-7',
      rate_tier: 'internal',
      exp: claims.iat + 60,
    });
  });

  test('has ids in lower case', async () => {
    const { stdout } = await run(['--org', ORG.toUpperCase(), '--member', MEMBER.toUpperCase()], {
      JWT_SECRET: SECRET,
    });
    expect(claimsOf(stdout.trim())).toMatchObject({ org_id: ORG, member_id: MEMBER });
  });

  test('names issuer and audience, and the claims that the proxy reads', async () => {
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

  test('is signed with the secret of a file, less one line end', async () => {
    const file = path.join(directory, 'secret');
    writeFileSync(file, `${SECRET}\n`);
    expect(jwt.verify(await mint([], { JWT_SECRET_FILE: file }), SECRET)).toBeTruthy();
  });

  test('takes settings from .env', async () => {
    const file = path.join(directory, '.env');
    writeFileSync(file, `JWT_SECRET=${SECRET}\nJWT_ISSUER=https://env.example.com\n`);
    try {
      const token = await mint();
      expect(jwt.verify(token, SECRET)).toMatchObject({ iss: 'https://env.example.com' });
    } finally {
      rmSync(file);
    }
  });

  test('is for the demo where no secret is set, and that is said', async () => {
    const { code, stdout, stderr } = await run(WHO);
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
    ['ec', { namedCurve: 'P-256' }, 'ES256'],
    ['ec', { namedCurve: 'P-384' }, 'ES384'],
    ['ec', { namedCurve: 'P-521' }, 'ES512'],
  ] as const)('%s %j signs with %s, whatever secret is set', async (type, options, algorithm) => {
    const { file, publicKey } = writeKeyPair(directory, type, options);
    const token = await mint(['--key', file], { JWT_SECRET: SECRET });
    expect(algorithmOf(token)).toBe(algorithm);
    expect(jwt.verify(token, publicKey, { algorithms: [algorithm] })).toMatchObject({ org_id: ORG });
  });

  test('signs with what JWT_ALGORITHMS takes', async () => {
    const { file } = writeKeyPair(directory, 'rsa', { modulusLength: 2048 });
    expect(algorithmOf(await mint(['--key', file], { JWT_ALGORITHMS: 'PS512, PS384' }))).toBe('PS384');
    expect(algorithmOf(await mint([], { JWT_SECRET: SECRET, JWT_ALGORITHMS: 'HS512' }))).toBe('HS512');
  });

  test.each([
    ['is no key', 'hello'],
    ['is too short', () => writeKeyPair(directory, 'rsa', { modulusLength: 1024 }).file],
    ['is of a kind that JWTs here are not signed with', () => writeKeyPair(directory, 'ed25519').file],
    [
      'is on a curve that JWS does not have',
      () => writeKeyPair(directory, 'ec', { namedCurve: 'secp256k1' }).file,
    ],
    ['is the public key', () => writeKeyPair(directory, 'rsa', { modulusLength: 2048 }).publicKey],
  ])('that %s is refused', async (_name, given) => {
    const made = typeof given === 'string' ? given : given();
    const file = made.startsWith(directory) ? made : path.join(directory, 'other.pem');
    if (file !== made) writeFileSync(file, made);
    const { code, stdout, stderr } = await run([...WHO, '--key', file]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(/^The key cannot sign: /);
  });

  test('that JWT_ALGORITHMS does not take is refused', async () => {
    const { file } = writeKeyPair(directory, 'ec', { namedCurve: 'P-256' });
    const { code, stderr } = await run([...WHO, '--key', file], { JWT_ALGORITHMS: 'RS256' });
    expect(code).toBe(64);
    expect(stderr).toMatch(/^The key cannot sign: .*JWT_ALGORITHMS/);
  });
});

describe('bad input ends with 64, what is wrong, and how it is used', () => {
  test.each([
    ['nothing at all', [], /^--org must be/],
    ['no member', ['--org', ORG], /^--member must be/],
    ['an organization that is no UUID', ['--org', 'acme', '--member', MEMBER], /^--org must be/],
    ['a member that is no UUID', ['--org', ORG, '--member', `${MEMBER}0`], /^--member must be/],
    ['an option that is none', [...WHO, '--role', 'admin'], /--role/],
    ['an option without its value', [...WHO, '--scope'], /--scope/],
    ['a word that belongs to nothing', [...WHO, 'please'], /please/],
    ['an empty subject', [...WHO, '--sub', ''], /^--sub must/],
    ['no lifetime', [...WHO, '--expires-in', '0'], /^--expires-in must be/],
    ['a lifetime in words', [...WHO, '--expires-in', '1h'], /^--expires-in must be/],
    ['a lifetime with a fraction', [...WHO, '--expires-in', '1.5'], /^--expires-in must be/],
    ['a lifetime in other digits', [...WHO, '--expires-in', '0x10'], /^--expires-in must be/],
    [
      'a key that is not there',
      [...WHO, '--key', '/nowhere/key.pem'],
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

  test('a secret file that is not there', async () => {
    const { code, stderr } = await run(WHO, { JWT_SECRET_FILE: '/nowhere/secret' });
    expect(code).toBe(64);
    expect(stderr).toMatch(/^JWT_SECRET_FILE: the file cannot be read \(ENOENT\)/);
  });

  test('a proxy that verifies with a public key, and no private one given', async () => {
    const { code, stderr } = await run(WHO, { JWT_PUBLIC_KEY: 'some PEM' });
    expect(code).toBe(64);
    expect(stderr).toContain('--key FILE');
  });
});

test('--help prints the usage alone', async () => {
  const { code, stdout, stderr } = await run(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: /);
  for (const option of ['--scope', '--sub', '--tier', '--expires-in', '--key'])
    expect(stdout).toContain(option);
});
