import { hash } from 'node:crypto';

const LENGTH = 16;

/** Returns 96 bits of the SHA-256 digest in base64url: 16 letters, digits, `-` and `_`. */
export function contentHash(bytes: Buffer): string {
  return hash('sha256', bytes, 'base64url').slice(0, LENGTH);
}
