import type { Request, RequestHandler } from 'express';
import { contentHash } from '../lib/content-hash.ts';
import { AppError } from '../errors.ts';
import { scopeOf } from '../scope.ts';
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
    res.setHeader('ETag', etag);
    res.setHeader('Cache-Control', `public, max-age=${maxAgeS}`);
    res.vary('Accept-Encoding');
    if (ifNoneMatchHolds(req.headers['if-none-match'], etag)) {
      res.statusCode = 304;
      res.end();
      return;
    }
    const bytes = await encodeOnce(coding);
    res.statusCode = 200;
    res.setHeader('Content-Type', contentType);
    if (coding !== 'identity') res.setHeader('Content-Encoding', coding);
    res.setHeader('Content-Length', bytes.length);
    res.end(bytes);
  };
}

/** Selects the security headers of a page for the response. */
export function markAsPage(req: Request): void {
  scopeOf(req).pageScheme = req.secure ? 'https' : 'http';
}
