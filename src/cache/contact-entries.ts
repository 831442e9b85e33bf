import type { Part } from '../contact/parts/index.ts';
import type { ListNode } from './linked-list.ts';
import type { Entry, Snapshot } from './part-store.ts';

/** A contact's generation and the time of its last confirmation. */
export interface GenerationStamp {
  readonly generation: string;
  /** Milliseconds of the owner's clock. */
  readonly confirmedAt: number;
}

export interface Stored {
  readonly entry: Entry;
  readonly dropAt: number;
  /** True if the entry is not served, and only keeps earlier calls from being shown after it. */
  readonly isFloor: boolean;
}

/**
 * The entries of a contact for all members. Entries of another generation than the stamp's are not served. They
 * stay as a floor: an entry of an earlier call does not replace them.
 */
export interface Contact {
  readonly org: string;
  readonly id: string;
  stamp: GenerationStamp;
  /** Has a field of its own, because most contacts have one member and a Map takes more memory than the rest. */
  first: MemberEntry | undefined;
  /** The entries of further members, by member. */
  others: Map<string, MemberEntry> | undefined;
}

/** One member's entries of a contact, which are used and evicted together. */
export interface MemberEntry extends ListNode {
  readonly contact: Contact;
  readonly member: string;
  readonly parts: { [P in Part]: Stored | undefined };
  bytes: number;
}

export const UNCONFIRMED: GenerationStamp = { generation: '', confirmedAt: -Infinity };
export const NOTHING: Snapshot = { generation: undefined, entries: {} };

/** Returns whether an entry can be served: its generation was confirmed, or its call began, after a time. */
export function isServable(
  { entry, isFloor }: Stored,
  { generation, confirmedAt }: GenerationStamp,
  after: number,
): boolean {
  return !isFloor && entry.generation === generation && (confirmedAt > after || entry.fetchedAt > after);
}

export function memberEntryOf({ first, others }: Contact, member: string): MemberEntry | undefined {
  return first?.member === member ? first : others?.get(member);
}
