import type { CacheOutcome, Caller } from './contact/read-contact.ts';

/** What the steps of one request share, and the only thing they share. */
export interface RequestScope {
  readonly requestId: string;
  /** Milliseconds of a monotonic clock. */
  readonly startedAt: number;
  /** Aborts when the client went away before it was answered. */
  readonly signal: AbortSignal;
  /** The route's pattern, for logs and metrics; the path itself may hold anything. */
  route: string;
  /** Set by authentication alone. */
  caller?: Caller;
  cache?: CacheOutcome;
  /** The code of the error that was answered. */
  errorCode?: string;
  /** What the operator may know of it beside, in a word of ours or of Node's. */
  errorReason?: string;
}

const scopes = new WeakMap<object, RequestScope>();

export function openScope(request: object, scope: RequestScope): void {
  scopes.set(request, scope);
}

/** @throws Error where the request has no scope: a step was mounted before the one that opens it. */
export function scopeOf(request: object): RequestScope {
  const scope = scopes.get(request);
  if (!scope) throw new Error('no scope was opened for this request');
  return scope;
}

/** @throws Error where no step authenticated the request: a route was mounted without it. */
export function callerOf(request: object): Caller {
  const { caller } = scopeOf(request);
  if (!caller) throw new Error('the route is not behind authentication');
  return caller;
}
