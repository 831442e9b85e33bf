import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request } from 'express';

const CODINGS = ['identity', 'gzip', 'br'] as const;
export type Coding = (typeof CODINGS)[number];

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

/** Strong, and names the coding, since differently coded bytes are not the same bytes. */
export function entityTag(contentHash: string, coding: Coding): string {
  return coding === 'identity' ? `"${contentHash}"` : `"${contentHash}-${coding}"`;
}

/** The entity tags of one response in every coding. */
export function entityTags(contentHash: string): string[] {
  return CODINGS.map((coding) => entityTag(contentHash, coding));
}
