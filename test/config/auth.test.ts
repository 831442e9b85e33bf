import { generateKeyPairSync } from 'node:crypto';
import { loadConfig } from '../../src/config/index.ts';
import { DEMO_JWT_SECRET } from '../../src/config/values/secret-strength.ts';
import { GOOD, namesOf, SECRET } from '../support/config.ts';

const pem = (type: 'rsa' | 'ec' | 'ed25519', options: object = {}) =>
  (generateKeyPairSync as (type: string, options: object) => ReturnType<typeof generateKeyPairSync>)(type, {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }) as unknown as { publicKey: string; privateKey: string };

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
  [
    'two keys',
    () => `${pem('ec', { namedCurve: 'P-384' }).publicKey}${pem('ec', { namedCurve: 'P-256' }).publicKey}`,
  ],
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

const rsaPss = (modulusLength: number, hash?: string) =>
  generateKeyPairSync('rsa-pss', {
    modulusLength,
    ...(hash !== undefined && { hashAlgorithm: hash, mgf1HashAlgorithm: hash }),
  })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

test.each([
  ['sha256', 'PS256'],
  ['sha384', 'PS384'],
  ['sha512', 'PS512'],
])('an RSASSA-PSS key with %s verifies %s', (hash, algorithm) => {
  const { JWT_SECRET: _, ...rest } = GOOD;
  const { issuers } = loadConfig({ ...rest, JWT_PUBLIC_KEY: rsaPss(2048, hash) }).auth;
  expect([...issuers[0]!.keys[0]!.algorithms]).toEqual([algorithm]);
});

test('rejects an RSASSA-PSS key that is short or that jsonwebtoken cannot verify with', () => {
  for (const key of [rsaPss(1024, 'sha256'), rsaPss(2048, 'sha1'), rsaPss(2048)])
    expect(namesOf({ ...GOOD, JWT_SECRET: undefined, JWT_PUBLIC_KEY: key })).toEqual(['JWT_PUBLIC_KEY']);
});
