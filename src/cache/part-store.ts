import type { Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';

/** What is known of one part: its bytes, or (under `contact` alone) that the contact does not exist. */
export interface Entry {
  readonly bytes: Buffer | 'not-found';
  /** Milliseconds since the epoch when the upstream's answer arrived. */
  readonly fetchedAt: number;
  /** Milliseconds since the epoch after which the entry is stale. */
  readonly staleAt: number;
}

export type Entries = { readonly [P in Part]?: Entry };

/** The entries that count, which are those stamped with the contact's generation. */
export interface Snapshot {
  /** Undefined where the contact has none: nothing is cached of it then. */
  readonly generation: string | undefined;
  readonly entries: Entries;
}

export interface OpenSnapshot extends Snapshot {
  readonly generation: string;
}

export interface Change {
  readonly part: Part;
  /** Undefined removes what is there. */
  readonly entry: Entry | undefined;
  /** Milliseconds for which the entry may be of use, staleness included. */
  readonly keepMs: number;
}

/**
 * Where parts are kept: an entry for every organization, contact, member and part, and for every
 * organization and contact a generation. An entry counts while its stamp equals the generation, so taking
 * the generation away takes away all members' entries at once, and those of fetches still under way.
 * Each operation is atomic, and each may forget anything at any time but the effect of `invalidate`.
 */
export interface PartStore {
  read(ref: ContactRef, parts: readonly Part[]): Promise<Snapshot>;
  /** As `read`, and gives the contact a generation where it has none. To be called before a fetch begins. */
  open(ref: ContactRef, parts: readonly Part[]): Promise<OpenSnapshot>;
  /**
   * Stores under the generation that `open` gave before the fetch; does nothing where that is no longer the
   * contact's, so that a slow old answer displaces no new one.
   */
  write(ref: ContactRef, generation: string, changes: readonly Change[]): Promise<void>;
  /** Once it has resolved, nothing that was opened before it is ever read again. */
  invalidate(org: string, contact: string): Promise<void>;
}
