import type { CacheOutcome, Caller } from './contact/read-contact.ts';

/** What the steps of one request share, and the only thing they share. */
export interface RequestScope {
  readonly requestId: string;
  /** Milliseconds of a monotonic clock. */
  readonly startedAt: number;
  /** Aborts when the client went away before it was answered. */
  readonly signal: AbortSignal;
  /** What the steps add to the headers of whatever is answered, as it goes out: see `headerLine`. */
  headerLines: string;
  /** The scheme of the request, if the response is a page or an asset of one. */
  pageScheme?: 'http' | 'https';
  /** The route's pattern, for logs and metrics; the path itself may hold anything. */
  route: string;
  /** The contact's id, where whoever found the route has read it already. */
  contactId?: string;
  /** Set by authentication alone. */
  caller?: Caller;
  cache?: CacheOutcome;
  /** The code of the error that was answered. */
  errorCode?: string;
  /** What the operator may know of it beside, in a word of ours or of Node's. */
  errorReason?: string;
}

const SCOPE = Symbol('scope');
/** On the request itself: a map beside it would have every collection of garbage look through it. */
type Scoped = { [SCOPE]?: RequestScope };

export function openScope(request: object, scope: RequestScope): void {
  (request as Scoped)[SCOPE] = scope;
}

/** @throws Error where the request has no scope: a step was mounted before the one that opens it. */
export function scopeOf(request: object): RequestScope {
  const scope = (request as Scoped)[SCOPE];
  if (!scope) throw new Error('no scope was opened for this request');
  return scope;
}

/** None before the scope was opened. */
export function headerLinesOf(request: object): string {
  return (request as Scoped)[SCOPE]?.headerLines ?? '';
}

/** Returns undefined for JSON, and before the scope was opened. */
export function pageSchemeOf(request: object): 'http' | 'https' | undefined {
  return (request as Scoped)[SCOPE]?.pageScheme;
}

/** Whatever could end a line, or is no text (RFC 9110 section 5.5). */
const NO_FIELD_VALUE = /[^\t\x20-\x7e]/;

/**
 * One field line of a header (RFC 9112 section 5).
 *
 * @param name a literal of ours.
 * @throws TypeError where the value could end the line.
 */
export function headerLine(name: string, value: string): string {
  if (NO_FIELD_VALUE.test(value)) throw new TypeError(`the value of ${name} cannot be sent`);
  return `${name}: ${value}\r\n`;
}

/** @throws Error where no step authenticated the request: a route was mounted without it. */
export function callerOf(request: object): Caller {
  const { caller } = scopeOf(request);
  if (!caller) throw new Error('the route is not behind authentication');
  return caller;
}
