import type { Request, RequestHandler } from 'express';
import { contentHash } from '../lib/content-hash.ts';
import { AppError } from '../errors.ts';
import { contextOf } from './request-context.ts';
import { respond } from './respond.ts';
import { ifMatchHolds, ifNoneMatchHolds } from './conditional.ts';
import { chooseCoding, encode, entityTag, type Coding } from './content-coding.ts';

export interface StaticContent {
  readonly body: Buffer;
  readonly contentType: string;
  /** The `max-age` for shared and private caches, in seconds. */
  readonly maxAgeS: number;
}

/** Creates a handler that sends constant bytes, compressed once for each coding. */
export function staticResponse({ body, contentType, maxAgeS }: StaticContent): RequestHandler {
  const isPage = !contentType.startsWith('application/json');
  const hash = contentHash(body);
  const tags: Readonly<Record<Coding, string>> = {
    identity: entityTag(hash, 'identity'),
    gzip: entityTag(hash, 'gzip'),
    br: entityTag(hash, 'br'),
  };
  const encoded = new Map<Coding, Promise<Buffer>>();
  const encodeOnce = (coding: Coding): Promise<Buffer> => {
    const known = encoded.get(coding);
    if (known) return known;
    const promise = encode(body, coding);
    encoded.set(coding, promise);
    promise.catch(() => encoded.delete(coding));
    return promise;
  };
  return async function sendStatic(req, res) {
    if (isPage) markAsPage(req);
    const coding = chooseCoding(req);
    const etag = tags[coding];
    const ifMatch = req.headers['if-match'];
    if (ifMatch !== undefined && !ifMatchHolds(ifMatch, Object.values(tags)))
      throw new AppError('PRECONDITION_FAILED', { etag });
    const headers = ['ETag', etag, 'Cache-Control', `public, max-age=${maxAgeS}`];
    contextOf(req).addVary('Accept-Encoding');
    if (ifNoneMatchHolds(req.headers['if-none-match'], etag)) return respond(res, 304, headers);
    const bytes = await encodeOnce(coding);
    headers.push('Content-Type', contentType);
    if (coding !== 'identity') headers.push('Content-Encoding', coding);
    respond(res, 200, headers, bytes);
  };
}

/** Selects the security headers of a page for the response. */
export function markAsPage(req: Request): void {
  contextOf(req).pageScheme = req.secure ? 'https' : 'http';
}
