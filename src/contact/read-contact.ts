import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { Part } from './parts.ts';

/** Who calls, as a verified token says it. Nothing else in a request can set any of this. */
export interface Caller {
  readonly issuer: string;
  readonly subject: string;
  /** Lower-case UUID. */
  readonly org: string;
  /** Lower-case UUID. */
  readonly member: string;
  readonly scopes: ReadonlySet<string>;
  /** Rate-limit tier: up to 64 of `A-Za-z0-9._-`, and not yet known to be one that is configured. */
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

/** A part as it goes out: JSON bytes (`null` where the upstream has none) and how fresh they are. */
export interface PartBytes {
  readonly bytes: Buffer;
  /** Of the bytes: 16 letters, digits, `-` and `_`. */
  readonly contentHash: string;
  /** When the upstream call that fetched it began, in milliseconds of this process's monotonic clock. */
  readonly fetchedAt: number;
  /** When the part becomes stale, by the same clock. */
  readonly staleAt: number;
}

export type ContactParts = { readonly [P in Part]?: PartBytes };

/**
 * How the cache took part in an answer (RFC 9211): `hit` and `stale` without a new call, `miss` where all
 * parts were fetched, `partial` where some were, `bypass` where the caller asked for no cached answer.
 */
export type CacheResult = 'hit' | 'stale' | 'miss' | 'partial' | 'bypass';

export interface CacheOutcome {
  readonly result: CacheResult;
  /** Seconds of freshness left of the answer's shortest-lived part; negative once stale. */
  readonly ttlS: number;
  /** Whether anything fetched for this request was stored. */
  readonly stored: boolean;
  /** Whether the request shared a call that another one had begun. */
  readonly collapsed: boolean;
}

export interface ReadOptions {
  /** Aborts when the caller no longer waits. To be asked for once there is something to give up. */
  readonly signal: AbortSignal;
  /** Take nothing from the cache (RFC 9111 section 5.2.1.4). The response is stored unless `noStore` is set. */
  readonly bypass: boolean;
  /** Store nothing that is fetched for this request (RFC 9111 section 5.2.1.5). Stored parts are served. */
  readonly noStore: boolean;
  /** Told once how the cache took part, not-found answers included. */
  onCacheOutcome(outcome: CacheOutcome): void;
}

/**
 * The one function type inside.
 *
 * @throws AppError `CONTACT_NOT_FOUND`, `ORG_NOT_CONFIGURED`, one of the `UPSTREAM_…` codes, or
 *   `CLIENT_GONE` where the signal aborted.
 */
export type ReadContact = (query: ContactQuery, options: ReadOptions) => MaybePromise<ContactParts>;
