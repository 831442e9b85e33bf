import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import type { CacheOutcome, Caller } from '../contact/read-contact.ts';
import { headerLine, openScope, type RequestScope } from '../scope.ts';

const VALID_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Opens the scope of a request. Uses the `X-Request-Id` of the request if it is valid, else a new one. */
export function requestScope(): RequestHandler {
  return function openRequestScope(req, res, next) {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && VALID_REQUEST_ID.test(given) ? given : randomUUID();
    openScope(req, new Scope(requestId, res));
    next();
  };
}

/** perf: all members exist from the start in one order, so that property access stays monomorphic. */
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

  /** Aborts when the client closes the connection early. Created on first use, because most requests need none. */
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
