import { generateKeyPairSync } from 'node:crypto';
import { readJwk } from '../../src/auth/jwk.ts';
import { PUBLIC_KEY_ALGORITHMS } from '../../src/auth/key-algorithms.ts';
import { newKey } from '../support/issuer.ts';

const ALL = new Set<string>(PUBLIC_KEY_ALGORITHMS);
const ec = newKey('ec').jwk;
const rsa = newKey('rsa', 'RS256').jwk;
const algorithms = (jwk: unknown, allowed = ALL) => [...(readJwk(jwk, allowed)?.algorithms ?? [])];

test('limits a key to the allowed algorithms of its family', () => {
  expect(algorithms(ec)).toEqual(['ES256']);
  expect(algorithms(newKey('a', 'ES384').jwk)).toEqual(['ES384']);
  expect(algorithms(newKey('b', 'ES512').jwk)).toEqual(['ES512']);
  expect(algorithms(rsa)).toEqual(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);
  expect(algorithms(rsa, new Set(['PS256', 'ES256']))).toEqual(['PS256']);
});

test('limits a key by its alg, use and key_ops', () => {
  expect(algorithms({ ...rsa, alg: 'PS384', use: 'sig', key_ops: ['verify'] })).toEqual(['PS384']);
  expect(algorithms({ ...rsa, key_ops: ['sign', 'verify'] })).toHaveLength(6);
});

test('takes null for a member that the key does not have', () => {
  const none = { d: null, k: null, use: null, key_ops: null, alg: null, oth: null };
  expect(algorithms({ ...rsa, ...none })).toHaveLength(6);
  expect(algorithms({ ...ec, ...none, kid: null })).toEqual(['ES256']);
});

const privateKey = newKey('p').privateKey.export({ format: 'jwk' });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
test.each<[string, unknown]>([
  ['nothing', undefined],
  ['a list', [ec]],
  ['no kty', { ...ec, kty: undefined }],
  ['a kty of another family', { ...ec, kty: 'RSA' }],
  ['a symmetric key', { kty: 'oct', k: Buffer.alloc(64, 7).toString('base64url'), alg: 'HS256' }],
  ['a private key', privateKey],
  ['an Edwards curve', generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })],
  ['a curve that no algorithm is bound to', { ...ec, crv: 'secp256k1' }],
  ['another curve than its point is on', { ...ec, crv: 'P-384' }],
  ['a curve named like an inherited property', { ...ec, crv: '__proto__' }],
  ['a point that is not on its curve', { ...ec, y: ec.x }],
  ['a truncated coordinate', { ...ec, x: String(ec.x).slice(0, -2) }],
  ['a coordinate with padding', { ...ec, x: `${ec.x}=` }],
  ['a key for encryption', { ...ec, use: 'enc' }],
  ['a use that is not a string', { ...ec, use: ['sig'] }],
  ['an operation that is not verify', { ...ec, key_ops: ['encrypt'] }],
  ['operations that are not a list', { ...ec, key_ops: 'verify' }],
  ['an alg of another family', { ...ec, alg: 'RS256' }],
  ['an alg of another curve', { ...ec, alg: 'ES512' }],
  ['an alg of HMAC', { ...rsa, alg: 'HS256' }],
  ['an alg that is not a string', { ...rsa, alg: ['RS256'] }],
  ['a kid that is not a string', { ...ec, kid: 7 }],
  ['a kid of 257 characters', { ...ec, kid: 'x'.repeat(257) }],
  ['RSA of 1024 bits', weak],
  ['RSA with an exponent of 1', { ...rsa, e: 'AQ' }],
  ['RSA with an even exponent', { ...rsa, e: 'AQAA' }],
  ['RSA of 16384 bits', { ...rsa, n: Buffer.alloc(2048, 255).toString('base64url') }],
  ['RSA without a modulus', { ...rsa, n: undefined }],
])('rejects as a key: %s', (_name, jwk) => {
  expect(readJwk(jwk, ALL)).toBeUndefined();
});
