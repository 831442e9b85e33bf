import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';

/** The cached bytes of one part, or (under `contact` only) the fact that the contact does not exist. */
export interface Entry {
  readonly bytes: Buffer | 'not-found';
  /** The result of `contentHash`; empty without bytes. */
  readonly contentHash: string;
  /** Start of the upstream call that fetched the part, in milliseconds of this process's monotonic clock. */
  readonly fetchedAt: number;
  /** The time at which the entry becomes stale, on the same clock. */
  readonly staleAt: number;
}

export type Entries = { readonly [P in Part]?: Entry };

/** The valid entries: those stamped with the contact's current generation. */
export interface Snapshot {
  /** Undefined if the contact has no generation: nothing is cached for it then. */
  readonly generation: string | undefined;
  readonly entries: Entries;
  /**
   * The generation under which requests of this process share calls while the store is unavailable. Changes
   * when an invalidation is received. Undefined if every call is claimed in the store.
   */
  readonly localGeneration?: string;
}

export interface Change {
  readonly part: Part;
  /** Undefined removes the stored entry. */
  readonly entry: Entry | undefined;
  /** Milliseconds for which the entry may be used, stale use included. */
  readonly retentionMs: number;
}

/** A call for some parts that is in flight in another process. */
export interface RemoteCall {
  readonly token: string;
  readonly parts: readonly Part[];
  /**
   * Resolves when the other process's call has finished, or may have died; read the store again then.
   *
   * @throws AppError the failure of the call, or `CLIENT_GONE` when `signal` aborts.
   */
  completed(signal: AbortSignal): Promise<void>;
}

/** A claim on parts to fetch. The holder must end it, either with `store` or with `fail`. */
export interface FetchLease extends Snapshot {
  readonly generation: string;
  /** False if `store` cannot store anything. */
  readonly canStore: boolean;
  /** Calls of other processes for some of the requested parts. The holder fetches the remaining parts. */
  readonly heldByOthers: readonly RemoteCall[];
  /**
   * Stores the fetched parts and wakes the waiting processes. Stores nothing if the contact's generation has
   * changed, so that a slow old response does not replace a newer one.
   */
  store(changes: readonly Change[]): Promise<void>;
  /** Reports the failure of the call to the waiting processes. */
  fail(error: unknown): Promise<void>;
}

/**
 * A store with one entry per organization, contact, member and part, and one generation per organization and
 * contact.
 *
 * An entry is valid while its stamp equals the generation. Removing the generation therefore invalidates the
 * entries of all members at once, and the results of calls in flight. Each operation is atomic and bounded in
 * time. A store may lose anything at any time except the effect of `invalidate`. Only `invalidate` can fail: an
 * unreachable store reads as empty.
 */
export interface PartStore {
  read(ref: ContactRef, parts: readonly Part[]): MaybePromise<Snapshot>;
  /**
   * Claims the parts in `fetch` before a fetch begins, and creates the contact's generation if there is none.
   * If several processes claim a part at the same time, one gets it and the others receive a `RemoteCall`. A
   * claim expires when its process dies.
   *
   * @param read the parts to read after the claim is made.
   * @param waited the calls that the caller has waited for, so that it does not miss the failure of one of
   *   them.
   */
  claim(
    ref: ContactRef,
    read: readonly Part[],
    fetch: readonly Part[],
    waited?: readonly RemoteCall[],
  ): Promise<FetchLease>;
  /**
   * Invalidates a contact. After it resolves, results claimed before it are never read again.
   *
   * @throws AppError `CACHE_UNAVAILABLE` if the store cannot guarantee that.
   */
  invalidate(org: string, contact: string): Promise<void>;
  /** Drops this process's entries of a contact that another process has invalidated. */
  forget(org: string, contact: string): void;
}
