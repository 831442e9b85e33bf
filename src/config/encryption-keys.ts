import type { ConfigIssues } from './config-issues.ts';

const KEY_BYTES = 32;

/** The first encrypts, all decrypt; undefined where none is set, or where a fault was found. */
export function buildEncryptionKeys(
  listed: readonly string[] | undefined,
  faults: ConfigIssues,
): readonly [Buffer, ...Buffer[]] | undefined {
  if (listed === undefined) return undefined;
  const keys = listed.map((text) => Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64'));
  for (const [index, key] of keys.entries()) {
    if (key.length !== KEY_BYTES)
      faults.add(
        'CACHE_ENCRYPTION_KEYS',
        `key ${index + 1} is not of ${KEY_BYTES} bytes in base64 or hex; make one with: openssl rand -base64 32`,
      );
  }
  const [first, ...rest] = keys;
  if (!first) return faults.add('CACHE_ENCRYPTION_KEYS', 'names no key');
  if (new Set(keys.map((key) => key.toString('latin1'))).size < keys.length)
    faults.add('CACHE_ENCRYPTION_KEYS', 'names a key twice');
  return [first, ...rest];
}
