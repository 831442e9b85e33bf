import type { CacheOutcome, Caller } from './contact/read-contact.ts';

/** The state that the middleware of one request shares. */
export interface RequestScope {
  readonly requestId: string;
  /** Milliseconds of a monotonic clock. */
  readonly startedAt: number;
  /** Aborts when the client closes the connection before the response is sent. */
  readonly signal: AbortSignal;
  /** Serialized header lines for the response, from `headerLine`. */
  headerLines: string;
  /** The scheme of the request, if the response is a page or an asset of one. */
  pageScheme?: 'http' | 'https';
  /** The route's pattern, for logs and metrics. The path itself may hold private data. */
  route: string;
  /** The contact's id, if the fast path has parsed it. */
  contactId?: string;
  /** Set only by authentication. */
  caller?: Caller;
  cache?: CacheOutcome;
  /** The error code of the response. */
  errorCode?: string;
  /** The reason for the operator's log: a fixed term of this program or a code of Node. */
  errorReason?: string;
}

const SCOPE = Symbol('scope');
/** perf: a property of the request, because a WeakMap would add work to every garbage collection. */
type Scoped = { [SCOPE]?: RequestScope };

export function openScope(request: object, scope: RequestScope): void {
  (request as Scoped)[SCOPE] = scope;
}

/** @throws Error if the request has no scope, because a handler runs before the one that opens it. */
export function scopeOf(request: object): RequestScope {
  const scope = (request as Scoped)[SCOPE];
  if (!scope) throw new Error('no scope was opened for this request');
  return scope;
}

/** Returns an empty string before the scope is opened. */
export function headerLinesOf(request: object): string {
  return (request as Scoped)[SCOPE]?.headerLines ?? '';
}

/** Returns undefined for JSON, and before the scope is opened. */
export function pageSchemeOf(request: object): 'http' | 'https' | undefined {
  return (request as Scoped)[SCOPE]?.pageScheme;
}

/** Characters that a field value must not contain (RFC 9110 section 5.5). */
const FORBIDDEN_IN_VALUE = /[^\t\x20-\x7e]/;

/**
 * Returns one field line of a header (RFC 9112 section 5).
 *
 * @param name a literal, not checked.
 * @throws TypeError if the value contains a forbidden character, such as a line break.
 */
export function headerLine(name: string, value: string): string {
  if (FORBIDDEN_IN_VALUE.test(value)) throw new TypeError(`the value of ${name} cannot be sent`);
  return `${name}: ${value}\r\n`;
}

/** @throws Error if the request is not authenticated, because the route lacks that handler. */
export function callerOf(request: object): Caller {
  const { caller } = scopeOf(request);
  if (!caller) throw new Error('the route is not behind authentication');
  return caller;
}
