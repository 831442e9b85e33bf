import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { Part } from './parts/index.ts';

/** The caller, read only from a verified token. */
export interface Caller {
  readonly issuer: string;
  readonly subject: string;
  /** Lower-case UUID. */
  readonly org: string;
  /** Lower-case UUID. */
  readonly member: string;
  readonly scopes: ReadonlySet<string>;
  /** Rate-limit tier: up to 64 characters of `A-Za-z0-9._-`. It may not be a configured tier. */
  readonly tier: string | undefined;
}

/** One contact as one member sees it. */
export interface ContactRef {
  readonly org: string;
  readonly member: string;
  readonly contact: string;
}

export interface ContactQuery extends ContactRef {
  readonly parts: readonly Part[];
}

/** A part of the response: JSON bytes (`null` if the upstream does not have it) and their freshness. */
export interface PartBytes {
  readonly bytes: Buffer;
  /** Hash of the bytes: 16 letters, digits, `-` and `_`. */
  readonly contentHash: string;
  /** Start of the upstream call that fetched the part, in milliseconds of this process's monotonic clock. */
  readonly fetchedAt: number;
  /** Time when the part becomes stale, by the same clock. */
  readonly staleAt: number;
}

export type ContactParts = { readonly [P in Part]?: PartBytes };

/**
 * The role of the cache in a response (RFC 9211): `hit` and `stale` if no upstream call was made, `miss` if all
 * parts were fetched, `partial` if some were, `bypass` if the caller bypassed the cache.
 */
export type CacheResult = 'hit' | 'stale' | 'miss' | 'partial' | 'bypass';

export interface CacheOutcome {
  readonly result: CacheResult;
  /** Remaining freshness of the part that expires first, in seconds; negative when stale. */
  readonly ttlS: number;
  /** Whether any part fetched for this request was stored. */
  readonly stored: boolean;
  /** Whether the request shared an upstream call that another request started. */
  readonly collapsed: boolean;
}

export interface ReadOptions {
  /** Aborts when the caller no longer waits. May be created on first access, so read it only when needed. */
  readonly signal: AbortSignal;
  /** Bypass cached parts (RFC 9111 section 5.2.1.4). The response is stored unless `noStore` is set. */
  readonly bypass: boolean;
  /** Do not store the fetched parts (RFC 9111 section 5.2.1.5). Parts that are stored already are served. */
  readonly noStore: boolean;
  /** Called once with the cache's role in the response, not-found responses included. */
  onCacheOutcome(outcome: CacheOutcome): void;
}

/**
 * Reads one contact. The route handlers and all wrappers share this type.
 *
 * @throws AppError `CONTACT_NOT_FOUND`, `ORG_NOT_CONFIGURED`, one of the `UPSTREAM_…` codes, or
 *   `CLIENT_GONE` if the signal aborted.
 */
export type ReadContact = (query: ContactQuery, options: ReadOptions) => MaybePromise<ContactParts>;
