import type { Request } from 'express';
import type { Part } from '../contact/parts/index.ts';
import type { CacheOutcome, ContactQuery, ReadOptions } from '../contact/read-contact.ts';
import { NO_DIRECTIVES, parseCacheDirectives, type CacheDirectives } from '../http/cache-directives.ts';
import { callerOf, contextOf, type RequestContext } from '../http/request-context.ts';
import type { ScopeSettings } from './settings.ts';
import { parseContactId } from './parse-query.ts';

/** @throws AppError `INVALID_CONTACT_ID` if the id is not a UUID. */
export function contactIdOf(req: Request): string {
  return contextOf(req).contactId ?? parseContactId(req.params['id']);
}

/** Returns the scopes that a read of these parts requires. */
export function readScopes(parts: readonly Part[], { read, includes }: ScopeSettings): readonly string[] {
  const scopes = [read];
  for (const part of parts) {
    const own = part === 'contact' ? undefined : includes[part];
    if (own !== undefined) scopes.push(own);
  }
  return scopes;
}

/** Takes the identity from the verified token only. */
export function queryFor(req: Request, contact: string, parts: readonly Part[]): ContactQuery {
  const { org, member } = callerOf(req);
  return { org, member, contact, parts };
}

/**
 * Returns the options of a read for this request. Request directives count only if the caller may bypass the
 * cache.
 *
 * @param onCacheOutcome undefined to record the outcome for the response.
 */
export function readOptions(
  req: Request,
  { bypassCache }: ScopeSettings,
  onCacheOutcome?: (outcome: CacheOutcome) => void,
): ReadOptions {
  const header = req.headers['cache-control'];
  const obeyed = header !== undefined && callerOf(req).scopes.has(bypassCache);
  const directives = obeyed ? parseCacheDirectives(header) : NO_DIRECTIVES;
  return new RequestReadOptions(contextOf(req), directives, onCacheOutcome);
}

/** Returns the options of a read that bypasses the cache for any caller. The directive `no-store` still counts. */
export function bypassOptions(req: Request, scopes: ScopeSettings): ReadOptions {
  const { noStore } = readOptions(req, scopes);
  return new RequestReadOptions(contextOf(req), { noCache: true, noStore }, undefined);
}

/** The options of one read. `signal` is a getter, because it is created on first use, and few reads need it. */
class RequestReadOptions implements ReadOptions {
  readonly bypass: boolean;
  readonly noStore: boolean;
  readonly #context: RequestContext;
  readonly #onOutcome: ((outcome: CacheOutcome) => void) | undefined;

  constructor(
    context: RequestContext,
    { noCache, noStore }: CacheDirectives,
    onOutcome: ((outcome: CacheOutcome) => void) | undefined,
  ) {
    this.#context = context;
    this.bypass = noCache;
    this.noStore = noStore;
    this.#onOutcome = onOutcome;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  onCacheOutcome(outcome: CacheOutcome): void {
    if (this.#onOutcome) this.#onOutcome(outcome);
    else this.#context.cache = outcome;
  }
}
