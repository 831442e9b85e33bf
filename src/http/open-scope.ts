import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import type { CacheOutcome, Caller } from '../contact/read-contact.ts';
import { headerLine, openScope, type RequestScope } from '../scope.ts';

const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Opens the scope of a request, takes over a sane `X-Request-Id`, and notices a client that goes away. */
export function requestScope(): RequestHandler {
  return function openRequestScope(req, res, next) {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID();
    openScope(req, new Scope(requestId, res));
    next();
  };
}

/** All members are there from the start, in one order: code that meets one shape alone is fast. */
class Scope implements RequestScope {
  readonly requestId: string;
  readonly startedAt = performance.now();
  headerLines: string;
  pageScheme?: 'http' | 'https';
  route = 'unmatched';
  contactId?: string;
  caller?: Caller;
  cache?: CacheOutcome;
  errorCode?: string;
  errorReason?: string;
  readonly #res: ServerResponse;
  #gone: AbortController | undefined = undefined;

  constructor(requestId: string, res: ServerResponse) {
    this.requestId = requestId;
    this.headerLines = headerLine('X-Request-Id', requestId);
    this.#res = res;
  }

  /** Made for who asks: most requests are answered before anything has to be given up. */
  get signal(): AbortSignal {
    if (!this.#gone) {
      const gone = new AbortController();
      const res = this.#res;
      this.#gone = gone;
      const abort = () => void (res.writableFinished || gone.abort());
      if (res.closed) abort();
      else res.on('close', abort);
    }
    return this.#gone.signal;
  }
}
