import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { TokenKey } from '../auth/verify-token.ts';
import { weaknessOf } from './secret-strength.ts';
import type { Faults } from './faults.ts';

/** RFC 7518 section 3.1, less what no key here can verify. */
const HMAC = ['HS256', 'HS384', 'HS512'] as const;
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
const RSA_PSS = ['PS256', 'PS384', 'PS512'] as const;
const BY_CURVE: Readonly<Record<string, readonly JwtAlgorithm[]>> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};
const ALL = [...HMAC, ...RSA, 'ES256', 'ES384', 'ES512'] as const;
export type JwtAlgorithm = (typeof ALL)[number];

const MIN_RSA_BITS = 2048;

interface KeySettings {
  readonly secret: string | undefined;
  readonly publicKey: string | undefined;
  readonly algorithms: readonly string[] | undefined;
}

/** Binds each key to its family once, at start: a token has no say in it. */
export function buildVerificationKeys(settings: KeySettings, faults: Faults): TokenKey[] {
  const candidates: { key: KeyObject; algorithms: readonly JwtAlgorithm[] }[] = [];
  if (settings.secret !== undefined) {
    const weakness = weaknessOf(settings.secret);
    if (weakness) faults.add('JWT_SECRET', weakness);
    candidates.push({ key: createSecretKey(settings.secret, 'utf8'), algorithms: HMAC });
  }
  if (settings.publicKey !== undefined) {
    const parsed = parsePublicKey(settings.publicKey, faults);
    if (parsed) candidates.push(parsed);
  }
  if (settings.secret === undefined && settings.publicKey === undefined) {
    faults.add('JWT_SECRET', 'or JWT_PUBLIC_KEY is required: no token could be verified');
  }

  const known = new Set<string>(candidates.flatMap((candidate) => candidate.algorithms));
  for (const name of settings.algorithms ?? []) {
    if (!(ALL as readonly string[]).includes(name)) {
      faults.add('JWT_ALGORITHMS', `lists something that is none of ${ALL.join(', ')}`);
    } else if (candidates.length > 0 && !known.has(name)) {
      faults.add('JWT_ALGORITHMS', `lists ${name}, which no configured key can verify`);
    }
  }
  const allowed = settings.algorithms && new Set(settings.algorithms);
  return candidates
    .map(({ key, algorithms }) => ({
      key,
      algorithms: new Set(algorithms.filter((name) => !allowed || allowed.has(name))),
    }))
    .filter(({ algorithms }) => algorithms.size > 0);
}

function parsePublicKey(pem: string, faults: Faults) {
  // Environment files hold a PEM on one line, with the line ends spelled out.
  const text = pem.replaceAll('\\n', '\n');
  if (/PRIVATE KEY-----/.test(text)) {
    return faults.add(
      'JWT_PUBLIC_KEY',
      'holds a private key; give the public one, and keep this one away from here',
    );
  }
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    return faults.add('JWT_PUBLIC_KEY', 'is no public key in PEM (-----BEGIN PUBLIC KEY-----)');
  }
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss') {
    if ((details?.modulusLength ?? 0) < MIN_RSA_BITS) {
      return faults.add('JWT_PUBLIC_KEY', `is an RSA key of under ${MIN_RSA_BITS} bits`);
    }
    return { key, algorithms: key.asymmetricKeyType === 'rsa' ? RSA : RSA_PSS };
  }
  const algorithms = BY_CURVE[details?.namedCurve ?? ''];
  if (!algorithms) {
    return faults.add('JWT_PUBLIC_KEY', 'must be an RSA key or an EC key on P-256, P-384 or P-521');
  }
  return { key, algorithms };
}
