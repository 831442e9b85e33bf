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
  const bytes = await encode(answer.body, coding);
  res.statusCode = 200;
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  if (coding !== 'identity') res.setHeader('Content-Encoding', coding);
  res.setHeader('Content-Length', bytes.length);
  res.end(bytes);
}
