import type { Request, Response } from 'express';
import type { CacheOutcome } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { contextOf } from './request-context.ts';
import { JSON_UTF8, respond, type HeaderList, type Latin1String } from './respond.ts';
import { cacheStatus, clientCacheControl } from './cache-headers.ts';
import { ifMatchHolds, ifNoneMatchHolds } from './conditional.ts';
import { chooseCoding, encode, entityTag, entityTags, type Coding } from './content-coding.ts';

/** A successful response, before its content coding is chosen. */
export interface Representation {
  readonly body: Latin1String;
  /** Differs between two responses of one URL if their bodies differ. */
  readonly contentHash: string;
  readonly cache: CacheOutcome | undefined;
  /** Whether clients must not keep the response, although it is fresh in the cache. */
  readonly mustRevalidate?: boolean;
  /** Monotonic time in ms at which the upstream call for the oldest part began. */
  readonly fetchedAt: number;
}

export interface SendJsonOptions {
  /** Minimum size of a body that is compressed. */
  readonly compressFromBytes: number;
  readonly clientMaxAgeS: number;
  /** Milliseconds of a monotonic clock. */
  readonly monotonicNow: () => number;
}

/**
 * Sends a 200 in the content coding that the client prefers, or a 304 if `If-None-Match` matches (RFC 9110
 * section 15.4.5).
 *
 * @returns a promise if the body is compressed first, else undefined.
 * @throws AppError `PRECONDITION_FAILED` if `If-Match` does not match.
 */
export function sendJson(
  req: Request,
  res: Response,
  content: Representation,
  options: SendJsonOptions,
): Promise<void> | undefined {
  const { body, contentHash, cache, mustRevalidate, fetchedAt } = content;
  const coding = chooseCoding(req, body.length < options.compressFromBytes);
  const etag = entityTag(contentHash, coding);
  const ifMatch = req.headers['if-match'];
  // Evaluated before If-None-Match (RFC 9110 section 13.2.2).
  if (ifMatch !== undefined && !ifMatchHolds(ifMatch, entityTags(contentHash)))
    throw new AppError('PRECONDITION_FAILED', { etag });
  const age = Math.max(0, Math.floor((options.monotonicNow() - fetchedAt) / 1000));
  const ttlS = mustRevalidate || !cache ? 0 : cache.ttlS;
  const cacheControl = clientCacheControl(ttlS, age, options.clientMaxAgeS);
  const headers = ['ETag', etag, 'Cache-Control', cacheControl, 'Age', String(age)];
  if (cache) headers.push('Cache-Status', cacheStatus(cache));
  contextOf(req).addVary('Authorization, Accept-Encoding');
  if (ifNoneMatchHolds(req.headers['if-none-match'], etag)) {
    respond(res, 304, headers);
    return undefined;
  }
  headers.push('Content-Type', JSON_UTF8);
  if (coding !== 'identity') return respondEncoded(res, headers, body, coding);
  respond(res, 200, headers, body);
  return undefined;
}

async function respondEncoded(
  res: Response,
  headers: HeaderList,
  body: Latin1String,
  coding: Coding,
): Promise<void> {
  const encoded = await encode(Buffer.from(body, 'latin1'), coding);
  respond(res, 200, [...headers, 'Content-Encoding', coding], encoded);
}
