import type { Request, Response } from 'express';
import type { CacheOutcome } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { headerLine, scopeOf } from '../scope.ts';
import type { Latin1String } from './assemble.ts';
import { cacheStatus, clientCacheControl } from './cache-headers.ts';
import { ifMatchHolds, ifNoneMatchHolds } from './conditional.ts';
import { chooseCoding, encode, entityTag, entityTags, type Coding } from './content-coding.ts';

export interface JsonAnswer {
  readonly body: Latin1String;
  /** Differs wherever the body does, among the answers that one URL can have. */
  readonly contentHash: string;
  readonly cache: CacheOutcome | undefined;
  /** When the call for the oldest part of the answer began, in milliseconds of a monotonic clock. */
  readonly fetchedAt: number;
}

export interface SendJsonOptions {
  /** Smaller bodies would gain nothing from a coding. */
  readonly compressFromBytes: number;
  readonly clientMaxAgeS: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/**
 * Sends one 200, or the 304 that stands for it (RFC 9110 section 15.4.5), coded as the client likes best.
 *
 * @returns a promise where the body has to be coded first.
 * @throws AppError `PRECONDITION_FAILED`
 */
export function sendJson(
  req: Request,
  res: Response,
  answer: JsonAnswer,
  options: SendJsonOptions,
): Promise<void> | undefined {
  const { body, contentHash, cache, fetchedAt } = answer;
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
  // Some steps may have told already what else the answer depends on.
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
  // What Node has to know itself, to frame the answer.
  res.writeHead(200, ['Content-Type', CONTENT_TYPE, 'Content-Length', String(body.length)]);
  res.end(body, 'latin1');
}

const VARY = 'Authorization, Accept-Encoding';
const CONTENT_TYPE = 'application/json; charset=utf-8';
