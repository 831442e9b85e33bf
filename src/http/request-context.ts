import { performance } from 'node:perf_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheOutcome, Caller } from '../contact/read-contact.ts';

const CONTEXT = Symbol('request context');
/** The context is a property of the request, because a WeakMap would add work to every garbage collection. */
type WithContext = { [CONTEXT]?: RequestContext };

/**
 * The state that the middleware of one request shares. All members exist from the start and in one order, so that
 * property access stays monomorphic.
 */
export class RequestContext {
  readonly requestId: string;
  /** Milliseconds of a monotonic clock. */
  readonly startedAt = performance.now();
  /** Header fields that middleware adds to the response: names and values in turn. */
  readonly responseHeaders: string[] = [];
  /** The request headers that select the response (RFC 9110 section 12.5.5), separated by commas. */
  vary = '';
  /** The scheme of the request, if the response is a page or an asset of one. */
  pageScheme: 'http' | 'https' | undefined = undefined;
  /** The route's pattern, for logs and metrics. The path itself may hold private data. */
  route = 'unmatched';
  /** The contact's id, if the fast path has parsed it. */
  contactId: string | undefined = undefined;
  /** The body, if an operation reads it. */
  body: Buffer | undefined = undefined;
  /** Set only by authentication. */
  caller: Caller | undefined = undefined;
  cache: CacheOutcome | undefined = undefined;
  /** Whether the operation can change something, so that an error has to say whether it did. */
  isWrite = false;
  /** The error code of the response. */
  errorCode: string | undefined = undefined;
  /** The reason for the operator's log: a fixed term of this program or a code of Node. */
  errorReason: string | undefined = undefined;
  readonly #res: ServerResponse;
  #gone: AbortController | undefined = undefined;

  constructor(requestId: string, res: ServerResponse) {
    this.requestId = requestId;
    this.#res = res;
  }

  addVary(names: string): void {
    this.vary = this.vary === '' ? names : `${this.vary}, ${names}`;
  }

  /** Aborts when the client closes the connection early. Created on first use, because most requests do not need it. */
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

export function openContext(req: IncomingMessage, context: RequestContext): void {
  (req as WithContext)[CONTEXT] = context;
}

/** @throws Error if the request has no context, because a handler runs before the one that opens it. */
export function contextOf(req: IncomingMessage): RequestContext {
  const context = (req as WithContext)[CONTEXT];
  if (!context) throw new Error('no context was opened for this request');
  return context;
}

/** @throws Error if the request is not authenticated, because the route lacks that handler. */
export function callerOf(req: IncomingMessage): Caller {
  const { caller } = contextOf(req);
  if (!caller) throw new Error('the route is not behind authentication');
  return caller;
}
