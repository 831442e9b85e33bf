import { hash } from 'node:crypto';

const LENGTH = 16;

/** 96 bits of SHA-256 in base64url: 16 letters, digits, `-` and `_`. */
export function contentHash(bytes: Buffer): string {
  return hash('sha256', bytes, 'base64url').slice(0, LENGTH);
}
