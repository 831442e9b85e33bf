import { createSecretKey, type JsonWebKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readJwk } from '../../src/auth/jwk.ts';
import { HMAC_ALGORITHMS, PUBLIC_KEY_ALGORITHMS } from '../../src/auth/key-algorithms.ts';
import type { Json } from './http.ts';
import type { TokenKey } from '../../src/auth/key-set.ts';

/** A key or key set, with tokens that published test vectors declare valid or invalid. */
export interface VectorGroup {
  readonly name: string;
  /** Whether the keys are a JWK set, which only an issuer publishes. */
  readonly published: boolean;
  readonly publicKeys: readonly Jwk[];
  /** The private keys, in the same order. */
  readonly privateKeys: readonly Jwk[];
  readonly tests: readonly { readonly name: string; readonly jws: unknown; readonly valid: boolean }[];
}
export type Jwk = JsonWebKey & { readonly kid?: string; readonly alg?: string; readonly use?: string };

const DIRECTORY = path.resolve(import.meta.dirname, '..', 'vectors');
const WYCHEPROOF = ['json_web_signature_test', 'json_web_key_test', 'json_web_crypto_test'];
const read = (...names: string[]): Json => JSON.parse(readFileSync(path.join(DIRECTORY, ...names), 'utf8'));
const keysOf = (jwk: Json): Jwk[] => (jwk === undefined ? [] : (jwk.keys ?? [jwk]));

export function wycheproofGroups(): VectorGroup[] {
  return WYCHEPROOF.flatMap((file) =>
    read('wycheproof', `${file}.json`).testGroups.map((group: Json, index: number) => ({
      name: `${file} ${index} ${group.comment}`,
      published: (group.public ?? group.private).keys !== undefined,
      publicKeys: keysOf(group.public ?? group.private),
      privateKeys: keysOf(group.private),
      tests: group.tests
        // Encrypted tokens (JWE) are out of scope.
        .filter((test: Json) => 'jws' in test)
        .map((test: Json) => ({
          name: `${file} ${test.tcId} ${test.comment}`,
          jws: test.jws,
          valid: test.result === 'valid',
        })),
    })),
  );
}

/** Returns the vectors of RFC 7520 section 4 and RFC 7797. All are valid; several have no compact form. */
export function cookbookGroups(): VectorGroup[] {
  const files = [
    ...readdirSync(path.join(DIRECTORY, 'cookbook', 'jws')).map((name) => ['jws', name]),
    ['rfc7797', '4.2.hmac-sha2_b64_false.json'],
  ];
  return files.map(([folder, name]) => {
    const { input, output } = read('cookbook', folder!, name!);
    const jwks: Jwk[] = [input.key].flat();
    return {
      name: `cookbook ${name}`,
      published: false,
      publicKeys: jwks.map((jwk) => (jwk.kty === 'oct' ? jwk : publicHalf(jwk))),
      privateKeys: jwks,
      tests: [{ name: `cookbook ${name}`, jws: output.compact ?? output.json, valid: true }],
    };
  });
}

function publicHalf({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...jwk }: Jwk): Jwk {
  return jwk;
}

/** Reads a published or asymmetric key like a JWKS key, and any other like a configured secret. */
export function vectorKey(jwk: Jwk, group: VectorGroup): TokenKey | undefined {
  if (jwk.kty !== 'oct' || group.published) return readJwk(jwk, new Set(PUBLIC_KEY_ALGORITHMS));
  const algorithms = HMAC_ALGORITHMS.filter((name) => name === jwk.alg);
  if (algorithms.length === 0 || !jwk.k) return undefined;
  return {
    kid: jwk.kid,
    key: createSecretKey(Buffer.from(jwk.k, 'base64url')),
    algorithms: new Set(algorithms),
  };
}
