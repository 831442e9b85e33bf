import type { ConfigIssues } from '../config-issues.ts';

const KEY_BYTES = 32;
const HEX = /^[0-9a-f]{64}$/i;
/** 32 bytes in base64 or base64url. `Buffer.from` stops at the first other character without an error. */
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/** Returns the keys: the first encrypts, all decrypt. Undefined if the variable is not set or is empty. */
export function buildEncryptionKeys(
  listed: readonly string[] | undefined,
  issues: ConfigIssues,
): readonly [Buffer, ...Buffer[]] | undefined {
  if (listed === undefined) return undefined;
  const keys = listed.map((text) =>
    HEX.test(text) ? Buffer.from(text, 'hex') : Buffer.from(BASE64.test(text) ? text : '', 'base64'),
  );
  for (const [index, key] of keys.entries()) {
    if (key.length !== KEY_BYTES)
      issues.add(
        'CACHE_ENCRYPTION_KEYS',
        `key ${index + 1} is not ${KEY_BYTES} bytes in base64 or hex; make one with: openssl rand -base64 32`,
      );
  }
  const [first, ...rest] = keys;
  if (!first) return issues.add('CACHE_ENCRYPTION_KEYS', 'does not contain a key');
  if (new Set(keys.map((key) => key.toString('latin1'))).size < keys.length)
    issues.add('CACHE_ENCRYPTION_KEYS', 'contains a key twice');
  return [first, ...rest];
}
