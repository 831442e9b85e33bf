import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';

/** What is known of one part: its bytes, or (under `contact` alone) that the contact does not exist. */
export interface Entry {
  readonly bytes: Buffer | 'not-found';
  /** As `contentHash` makes it; empty where there are no bytes. */
  readonly contentHash: string;
  /** When the upstream call that fetched it began, in milliseconds of this process's monotonic clock. */
  readonly fetchedAt: number;
  /** When the entry becomes stale, by the same clock. */
  readonly staleAt: number;
}

export type Entries = { readonly [P in Part]?: Entry };

/** The entries that count, which are those stamped with the contact's generation. */
export interface Snapshot {
  /** Undefined where the contact has none: nothing is cached of it then. */
  readonly generation: string | undefined;
  readonly entries: Entries;
  /**
   * The generation of calls that no store could be asked to share, by which those of this process share them:
   * another after each invalidation that is heard of. Undefined where every call is claimed.
   */
  readonly localGeneration?: string;
}

export interface Change {
  readonly part: Part;
  /** Undefined removes what is there. */
  readonly entry: Entry | undefined;
  /** Milliseconds for which the entry may be of use, staleness included. */
  readonly retentionMs: number;
}

/** A call for some parts that another process is making. */
export interface RemoteCall {
  readonly token: string;
  readonly parts: readonly Part[];
  /**
   * Resolves when it is worth looking again: the call has ended, or its process may have.
   *
   * @throws AppError the failure that the call ended with, or `CLIENT_GONE` once `signal` aborts.
   */
  completed(signal: AbortSignal): Promise<void>;
}

/** The right to fetch parts, and the duty to say how it went, by one of `store` and `fail`. */
export interface FetchLease extends Snapshot {
  readonly generation: string;
  /** False if it is already known that `store` can keep nothing. */
  readonly canStore: boolean;
  /** Those of the parts asked for that others are fetching; the rest is the claimant's to fetch. */
  readonly heldByOthers: readonly RemoteCall[];
  /**
   * Stores what was fetched, and lets those know who wait for it. Stores nothing where the generation is no
   * longer the contact's, so that a slow old answer displaces no new one.
   */
  store(changes: readonly Change[]): Promise<void>;
  /** Lets those know who wait that the call has failed, and how. */
  fail(error: unknown): Promise<void>;
}

/**
 * Where parts are kept: an entry for every organization, contact, member and part, and for every
 * organization and contact a generation. An entry counts while its stamp equals the generation, so taking
 * the generation away takes away all members' entries at once, and those of fetches still under way.
 * Each operation is atomic and bounded in time, and each may forget anything at any time but the effect of
 * `invalidate`. None but `invalidate` fails: a store that is out of reach is an empty one.
 */
export interface PartStore {
  read(ref: ContactRef, parts: readonly Part[]): MaybePromise<Snapshot>;
  /**
   * To be called before a fetch begins: gives the contact a generation where it has none, and claims the
   * parts in `fetch`. Of all who claim a part at the same time, in whatever process, one gets it and the
   * others learn of that one's call. A claim ends with its process.
   *
   * @param read which parts to read, after the claim is made.
   * @param waited the calls that the claimant has waited for: if one of them has failed, its failure is not missed.
   */
  claim(
    ref: ContactRef,
    read: readonly Part[],
    fetch: readonly Part[],
    waited?: readonly RemoteCall[],
  ): Promise<FetchLease>;
  /**
   * Once it has resolved, nothing that was claimed before it is ever read again.
   *
   * @throws AppError `CACHE_UNAVAILABLE` where that cannot be promised.
   */
  invalidate(org: string, contact: string): Promise<void>;
  /** Drops what this process has of a contact that another process has invalidated. */
  forget(org: string, contact: string): void;
}
