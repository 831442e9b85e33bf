import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request } from 'express';

export type Coding = 'br' | 'gzip' | 'identity';

/** The coding that the client likes best; `identity` where it names none. */
export function chooseCoding(req: Request): Coding {
  if (req.headers['accept-encoding'] === undefined) return 'identity';
  const best = req.acceptsEncodings('br', 'gzip', 'identity');
  return best === 'br' || best === 'gzip' ? best : 'identity';
}

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

export async function encode(body: Buffer, coding: Coding): Promise<Buffer> {
  if (coding === 'br') return compressBrotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
  return coding === 'gzip' ? compressGzip(body) : body;
}

const HASH_LENGTH = 16;
const known = new WeakMap<Buffer, string>();

/**
 * 96 bits of SHA-256, computed once for as long as the bytes are kept, which those in a cache are.
 *
 * @param bytes must never change.
 */
export function hashOf(bytes: Buffer): string {
  const found = known.get(bytes);
  if (found !== undefined) return found;
  const digest = hash('sha256', bytes, 'base64url').slice(0, HASH_LENGTH);
  known.set(bytes, digest);
  return digest;
}

/** Strong, and names the coding, since differently coded bytes are not the same bytes. */
export function entityTag(contentHash: string, coding: Coding): string {
  return coding === 'identity' ? `"${contentHash}"` : `"${contentHash}-${coding}"`;
}
