import type { Request, Response } from 'express';
import type { CacheOutcome } from '../contact/read-contact.ts';
import { cacheStatus, clientCacheControl } from './cache-headers.ts';
import { ifNoneMatchHolds } from './conditional.ts';
import { chooseCoding, encode, entityTag } from './content-coding.ts';

export interface JsonAnswer {
  readonly body: Buffer;
  /** Differs wherever the body does, among the answers that one URL can have. */
  readonly contentHash: string;
  readonly cache: CacheOutcome | undefined;
  /** Milliseconds since the epoch when the oldest part of the answer was fetched. */
  readonly fetchedAt: number;
}

/**
 * Sends one 200, or the 304 that stands for it (RFC 9110 section 15.4.5), coded as the client likes best.
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
  const etag = entityTag(answer.contentHash, coding);
  const headers = [
    'ETag',
    etag,
    'Cache-Control',
    clientCacheControl(answer.cache?.ttlS ?? 0),
    'Age',
    String(Math.max(0, Math.floor((options.now() - answer.fetchedAt) / 1000))),
  ];
  if (answer.cache) headers.push('Cache-Status', cacheStatus(answer.cache));
  // Some steps may have told already what else the answer depends on.
  if (res.hasHeader('Vary')) res.vary(VARY);
  else headers.push('Vary', VARY);
  if (ifNoneMatchHolds(req.headers['if-none-match'], etag)) {
    res.writeHead(304, headers).end();
    return;
  }
  const bytes = coding === 'identity' ? answer.body : await encode(answer.body, coding);
  if (coding !== 'identity') headers.push('Content-Encoding', coding);
  headers.push('Content-Type', CONTENT_TYPE, 'Content-Length', String(bytes.length));
  // Byte for byte the same, and goes out in one piece with the headers, which a buffer does not.
  res.writeHead(200, headers).end(bytes.toString('latin1'), 'latin1');
}

const VARY = 'Authorization, Accept-Encoding';
const CONTENT_TYPE = 'application/json; charset=utf-8';
