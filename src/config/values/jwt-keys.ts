import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import {
  ALGORITHMS,
  HMAC_ALGORITHMS,
  PUBLIC_KEY_ALGORITHMS,
  algorithmsOf,
  weaknessOfRsa,
} from '../../auth/key-algorithms.ts';
import type { TokenKey } from '../../auth/key-set.ts';
import type { IssuerSettings } from '../../auth/trusted-issuers.ts';
import { weaknessOf } from './secret-strength.ts';

export interface KeyMaterial {
  readonly secret: string | undefined;
  readonly publicKey: string | undefined;
  readonly jwksUri: URL | undefined;
  readonly algorithms: readonly string[] | undefined;
}

/** Reports an issue with one member of the key material, under the operator's name for it. */
export type AddKeyIssue = (name: keyof KeyMaterial, message: string) => undefined;

/** Binds each key to the algorithms of its family at start, so that a token cannot choose them. */
export function buildVerificationKeys(
  material: KeyMaterial,
  addIssue: AddKeyIssue,
): Pick<IssuerSettings, 'keys' | 'jwks'> {
  const candidates: { key: KeyObject; algorithms: readonly string[] }[] = [];
  if (material.secret !== undefined) {
    const weakness = weaknessOf(material.secret);
    if (weakness) addIssue('secret', weakness);
    candidates.push({ key: createSecretKey(material.secret, 'utf8'), algorithms: HMAC_ALGORITHMS });
  }
  if (material.publicKey !== undefined) {
    const key = parsePublicKey(material.publicKey, addIssue);
    if (key) candidates.push({ key, algorithms: algorithmsOf(key) });
    if (material.jwksUri) addIssue('jwksUri', 'is set, and so is a public key: set one of them');
  }

  const remote = material.jwksUri ? PUBLIC_KEY_ALGORITHMS : [];
  const known = new Set<string>([...candidates.flatMap(({ algorithms }) => algorithms), ...remote]);
  for (const name of material.algorithms ?? []) {
    if (!(ALGORITHMS as readonly string[]).includes(name)) {
      addIssue('algorithms', `lists an unknown algorithm; use ${ALGORITHMS.join(', ')}`);
    } else if (known.size > 0 && !known.has(name)) {
      addIssue('algorithms', `lists ${name}, which no configured key can verify`);
    }
  }
  const allowed = (names: readonly string[]) =>
    new Set(names.filter((name) => material.algorithms?.includes(name) ?? true));
  const keys = candidates
    .map(({ key, algorithms }): TokenKey => ({ kid: undefined, key, algorithms: allowed(algorithms) }))
    .filter(({ algorithms }) => algorithms.size > 0);
  return { keys, jwks: material.jwksUri && { uri: material.jwksUri, algorithms: allowed(remote) } };
}

function parsePublicKey(pem: string, addIssue: AddKeyIssue): KeyObject | undefined {
  // In environment files a PEM is on one line, with its line ends written as `\n`.
  const text = pem.replaceAll('\\n', '\n');
  if (/PRIVATE KEY-----/.test(text)) {
    return addIssue(
      'publicKey',
      'contains a private key: set the public key, and keep the private key secret',
    );
  }
  if (text.split('-----BEGIN').length > 2)
    return addIssue('publicKey', 'contains several keys: set one; JWT_JWKS_URI can publish several');
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    return addIssue('publicKey', 'is not a public key in PEM (-----BEGIN PUBLIC KEY-----)');
  }
  const weakness = weaknessOfRsa(key);
  if (weakness) return addIssue('publicKey', weakness);
  if (algorithmsOf(key).length === 0) {
    return addIssue(
      'publicKey',
      'must be an RSA key or an EC key on P-256, P-384 or P-521; an RSA-PSS key must name its hash (SHA-256, SHA-384 or SHA-512)',
    );
  }
  return key;
}
