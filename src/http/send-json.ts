import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import type { CacheOutcome } from '../contact/read-contact.ts';
import { cacheStatus, clientCacheControl } from './cache-headers.ts';
import { ifNoneMatchHolds } from './conditional.ts';

export interface JsonAnswer {
  readonly body: Buffer;
  readonly cache: CacheOutcome | undefined;
  /** Milliseconds since the epoch when the oldest part of the answer was fetched. */
  readonly fetchedAt: number;
}

const compressors = {
  br: (body: Buffer) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: (body: Buffer) => promisify(gzip)(body),
};

/**
 * Sends one 200, or the 304 that stands for it (RFC 9110 section 15.4.5), coded as the client likes best.
 * The entity tag is strong, and names the coding, since differently coded bytes are not the same bytes.
 *
 * @param options.compressFromBytes smaller bodies would gain nothing.
 */
export async function sendJson(
  req: Request,
  res: Response,
  answer: JsonAnswer,
  options: { readonly compressFromBytes: number; readonly now: () => number },
): Promise<void> {
  const coding = answer.body.length < options.compressFromBytes ? 'identity' : chooseCoding(req);
  const hash = createHash('sha256').update(answer.body).digest('base64url').slice(0, 27);
  const etag = coding === 'identity' ? `"${hash}"` : `"${hash}-${coding}"`;
  res.setHeader('ETag', etag);
  res.setHeader('Cache-Control', clientCacheControl(answer.cache?.ttlS ?? 0));
  res.setHeader('Age', Math.max(0, Math.floor((options.now() - answer.fetchedAt) / 1000)));
  res.vary('Authorization, Accept-Encoding');
  if (answer.cache) res.setHeader('Cache-Status', cacheStatus(answer.cache));
  if (ifNoneMatchHolds(req.headers['if-none-match'], etag)) {
    res.statusCode = 304;
    res.end();
    return;
  }
  const bytes = coding === 'identity' ? answer.body : await compressors[coding](answer.body);
  res.statusCode = 200;
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  if (coding !== 'identity') res.setHeader('Content-Encoding', coding);
  res.setHeader('Content-Length', bytes.length);
  res.end(bytes);
}

function chooseCoding(req: Request): 'br' | 'gzip' | 'identity' {
  if (req.headers['accept-encoding'] === undefined) return 'identity';
  const best = req.acceptsEncodings('br', 'gzip', 'identity');
  return best === 'br' || best === 'gzip' ? best : 'identity';
}
