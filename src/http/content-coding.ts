import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request } from 'express';

const CODINGS = ['identity', 'gzip', 'br'] as const;
export type Coding = (typeof CODINGS)[number];

/**
 * Chooses the coding that the client prefers (RFC 9110 section 12.5.3). If none is acceptable, not even
 * `identity`, the header is ignored (section 12.1), because a readable response is of more use than a 406.
 *
 * @param small whether a coding would not make the body smaller: `identity` is then chosen unless the client
 *   refuses it.
 */
export function chooseCoding(req: Request, small = false): Coding {
  const header = req.headers['accept-encoding'];
  if (header === undefined) return 'identity';
  // A refusal of `identity` has a weight of 0, so a header without a zero is not parsed.
  if (small && (!header.includes('0') || req.acceptsEncodings('identity') !== false)) return 'identity';
  const best = req.acceptsEncodings('br', 'gzip', 'identity');
  return best === 'br' || best === 'gzip' ? best : 'identity';
}

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

export async function encode(body: Buffer, coding: Coding): Promise<Buffer> {
  if (coding === 'br') return compressBrotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
  return coding === 'gzip' ? compressGzip(body) : body;
}

/** Returns a strong entity tag. It names the coding, because the bytes differ between codings. */
export function entityTag(contentHash: string, coding: Coding): string {
  return coding === 'identity' ? `"${contentHash}"` : `"${contentHash}-${coding}"`;
}

/** Returns the entity tags of one response in every coding. */
export function entityTags(contentHash: string): string[] {
  return CODINGS.map((coding) => entityTag(contentHash, coding));
}
