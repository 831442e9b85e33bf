import type { Request, Response } from 'express';
import type { CacheOutcome } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { headerLine, scopeOf } from '../scope.ts';
import type { Latin1String } from './assemble.ts';
import { cacheStatus, clientCacheControl } from './cache-headers.ts';
import { ifMatchHolds, ifNoneMatchHolds } from './conditional.ts';
import { chooseCoding, encode, entityTag, entityTags, type Coding } from './content-coding.ts';

export interface JsonContent {
  readonly body: Latin1String;
  /** Differs between two responses of one URL if their bodies differ. */
  readonly contentHash: string;
  readonly cache: CacheOutcome | undefined;
  /** Monotonic time in ms at which the upstream call for the oldest part began. */
  readonly fetchedAt: number;
}

export interface SendJsonOptions {
  /** Minimum size of a body that is compressed. */
  readonly compressFromBytes: number;
  readonly clientMaxAgeS: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
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
  content: JsonContent,
  options: SendJsonOptions,
): Promise<void> | undefined {
  const { body, contentHash, cache, fetchedAt } = content;
  const coding = chooseCoding(req, body.length < options.compressFromBytes);
  const etag = entityTag(contentHash, coding);
  const ifMatch = req.headers['if-match'];
  // Evaluated before If-None-Match (RFC 9110 section 13.2.2).
  if (ifMatch !== undefined && !ifMatchHolds(ifMatch, entityTags(contentHash)))
    throw new AppError('PRECONDITION_FAILED', { etag });
  const age = Math.max(0, Math.floor((options.now() - fetchedAt) / 1000));
  let lines = headerLine('ETag', etag);
  lines += `Cache-Control: ${clientCacheControl(cache?.ttlS ?? 0, age, options.clientMaxAgeS)}\r\nAge: ${age}\r\n`;
  if (cache) lines += `Cache-Status: ${cacheStatus(cache)}\r\n`;
  // Earlier middleware, such as CORS, may have set Vary.
  if (res.hasHeader('Vary')) res.vary(VARY);
  else lines += `Vary: ${VARY}\r\n`;
  if (ifNoneMatchHolds(req.headers['if-none-match'], etag)) {
    scopeOf(req).headerLines += lines;
    res.writeHead(304).end();
    return undefined;
  }
  if (coding !== 'identity') return sendEncoded(req, res, lines, body, coding);
  send(req, res, lines, body);
  return undefined;
}

async function sendEncoded(
  req: Request,
  res: Response,
  lines: string,
  body: Latin1String,
  coding: Coding,
): Promise<void> {
  const encoded = await encode(Buffer.from(body, 'latin1'), coding);
  send(req, res, `${lines}Content-Encoding: ${coding}\r\n`, encoded.toString('latin1'));
}

function send(req: Request, res: Response, lines: string, body: Latin1String): void {
  scopeOf(req).headerLines += lines;
  // Node needs these two to frame the response.
  res.writeHead(200, ['Content-Type', CONTENT_TYPE, 'Content-Length', String(body.length)]);
  res.end(body, 'latin1');
}

const VARY = 'Authorization, Accept-Encoding';
const CONTENT_TYPE = 'application/json; charset=utf-8';
