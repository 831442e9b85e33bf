import { PARTS, type Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import type { Change, Entry, Snapshot } from './part-store.ts';
import { LinkedList, type ListNode } from './linked-list.ts';

/** A contact's generation and the time of its last confirmation. */
export interface GenerationStamp {
  readonly generation: string;
  /** Milliseconds of the owner's clock. */
  readonly confirmedAt: number;
}

interface Stored {
  readonly entry: Entry;
  readonly dropAt: number;
}

/** The entries of a contact for all members. All of them have the generation of the stamp. */
interface Contact {
  readonly org: string;
  readonly id: string;
  stamp: GenerationStamp;
  /**
   * The first member has a field of its own, because most contacts have one member and a Map takes more memory
   * than the rest of the entry.
   */
  first: MemberEntry | undefined;
  /** The entries of further members, by member. */
  others: Map<string, MemberEntry> | undefined;
}

/** One member's entries of a contact, which are used and evicted together. */
interface MemberEntry extends ListNode {
  readonly contact: Contact;
  readonly member: string;
  readonly parts: { [P in Part]: Stored | undefined };
  bytes: number;
}

/** Measured overhead in addition to the bytes of a part: objects, identifiers, Map entries. */
const MEMBER_ENTRY_BYTES = 350;
const PART_BYTES = 450;

/**
 * Generations and entries in memory, evicted least recently used first when the bound is reached. Nested Maps
 * are keyed by the identifiers themselves, because a concatenated key would have to be built and hashed for
 * every read.
 */
export class LruTable {
  /** Contacts by organization, then by contact identifier. */
  readonly #contacts = new Map<string, Map<string, Contact>>();
  readonly #memberEntries = new LinkedList<MemberEntry>();
  readonly #maxBytes: number;
  readonly #now: () => number;
  #bytes = 0;

  /**
   * @param options.maxBytes bound on entries and overhead together; 0 stores nothing.
   * @param options.now milliseconds of the owner's clock.
   */
  constructor({ maxBytes, now }: { readonly maxBytes: number; readonly now: () => number }) {
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  generationOf(org: string, contact: string): GenerationStamp | undefined {
    return this.#find(org, contact)?.stamp;
  }

  /** Sets the contact's generation. Entries stored under another generation are dropped. */
  confirm(ref: ContactRef, stamp: GenerationStamp): void {
    if (this.#maxBytes < MEMBER_ENTRY_BYTES) return;
    let contact = this.#find(ref.org, ref.contact);
    if (contact && contact.stamp.generation !== stamp.generation) {
      this.#drop(contact);
      contact = undefined;
    }
    contact ??= this.#addContact(ref, stamp);
    contact.stamp = stamp;
    this.#memberEntries.use(memberEntryOf(contact, ref.member) ?? this.#addMemberEntry(contact, ref.member));
    this.#shrink();
  }

  /**
   * Returns the generation and the stored parts among those requested, and marks them as used.
   *
   * @param confirmedAfter a contact whose last confirmation is not later than this is treated as a miss.
   */
  read(ref: ContactRef, parts: readonly Part[], confirmedAfter = -Infinity): Snapshot {
    const contact = this.#find(ref.org, ref.contact);
    if (!contact || contact.stamp.confirmedAt <= confirmedAfter) return NOTHING;
    const entries: Partial<Record<Part, Entry>> = {};
    const memberEntry = memberEntryOf(contact, ref.member);
    if (memberEntry) {
      this.#memberEntries.use(memberEntry);
      const now = this.#now();
      for (const part of parts) {
        const stored = memberEntry.parts[part];
        if (!stored) continue;
        if (stored.dropAt > now) entries[part] = stored.entry;
        else this.#put(memberEntry, part, undefined);
      }
    }
    return { generation: contact.stamp.generation, entries };
  }

  /** Applies changes. No-op if the contact's generation is another one. */
  change(ref: ContactRef, generation: string, changes: readonly Change[]): void {
    const contact = this.#find(ref.org, ref.contact);
    if (contact?.stamp.generation !== generation) return;
    const memberEntry = memberEntryOf(contact, ref.member) ?? this.#addMemberEntry(contact, ref.member);
    this.#memberEntries.use(memberEntry);
    for (const { part, entry, retentionMs } of changes) {
      this.#put(memberEntry, part, undefined);
      // An entry larger than the bound would evict all others and then itself.
      if (!entry || memberEntry.bytes + sizeOf(entry) > this.#maxBytes) continue;
      this.#put(memberEntry, part, { entry: copyEntry(entry), dropAt: this.#now() + retentionMs });
      if (entry.bytes === 'not-found') this.#dropBefore(memberEntry, entry.fetchedAt);
    }
    this.#shrink();
  }

  /** Drops the contact's entries of all members. */
  forget(org: string, contact: string): void {
    const known = this.#find(org, contact);
    if (known) this.#drop(known);
  }

  clear(): void {
    this.#contacts.clear();
    this.#memberEntries.clear();
    this.#bytes = 0;
  }

  /** Bytes in use, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  #find(org: string, contact: string): Contact | undefined {
    return this.#contacts.get(org)?.get(contact);
  }

  #addContact({ org, contact: given }: ContactRef, stamp: GenerationStamp): Contact {
    const id = copyText(given);
    const contact: Contact = { org, id, stamp, first: undefined, others: undefined };
    const others = this.#contacts.get(org) ?? new Map<string, Contact>();
    this.#contacts.set(org, others.set(id, contact));
    return contact;
  }

  #addMemberEntry(contact: Contact, member: string): MemberEntry {
    const parts = {
      contact: undefined,
      notes: undefined,
      entity: undefined,
      profile: undefined,
      signals: undefined,
    };
    const memberEntry: MemberEntry = {
      contact,
      member,
      parts,
      bytes: MEMBER_ENTRY_BYTES,
      newer: undefined,
      older: undefined,
    };
    if (contact.first)
      contact.others = (contact.others ?? new Map<string, MemberEntry>()).set(member, memberEntry);
    else contact.first = memberEntry;
    this.#memberEntries.add(memberEntry);
    this.#bytes += MEMBER_ENTRY_BYTES;
    return memberEntry;
  }

  #put(memberEntry: MemberEntry, part: Part, stored: Stored | undefined): void {
    const more = sizeOf(stored?.entry) - sizeOf(memberEntry.parts[part]?.entry);
    memberEntry.parts[part] = stored;
    memberEntry.bytes += more;
    this.#bytes += more;
  }

  /** Drops the parts of calls that began before `time`, because a not-found contradicts them. */
  #dropBefore(memberEntry: MemberEntry, time: number): void {
    for (const part of PARTS) {
      const stored = memberEntry.parts[part];
      if (stored && stored.entry.fetchedAt < time) this.#put(memberEntry, part, undefined);
    }
  }

  #shrink(): void {
    while (this.#bytes > this.#maxBytes) this.#dropMemberEntry(this.#memberEntries.oldest!);
  }

  #drop(contact: Contact): void {
    for (const memberEntry of contact.others?.values() ?? []) this.#dropMemberEntry(memberEntry);
    if (contact.first) this.#dropMemberEntry(contact.first);
  }

  /** Drops a member's entries. Drops the contact and its generation with the last member. */
  #dropMemberEntry(memberEntry: MemberEntry): void {
    const { contact, member } = memberEntry;
    this.#memberEntries.remove(memberEntry);
    this.#bytes -= memberEntry.bytes;
    if (contact.first === memberEntry) contact.first = undefined;
    else contact.others!.delete(member);
    if (contact.first || (contact.others && contact.others.size > 0)) return;
    const others = this.#contacts.get(contact.org)!;
    others.delete(contact.id);
    if (others.size === 0) this.#contacts.delete(contact.org);
  }
}

const NOTHING: Snapshot = { generation: undefined, entries: {} };

function memberEntryOf({ first, others }: Contact, member: string): MemberEntry | undefined {
  return first?.member === member ? first : others?.get(member);
}

function sizeOf(entry: Entry | undefined): number {
  if (!entry) return 0;
  return PART_BYTES + (entry.bytes instanceof Buffer ? entry.bytes.length : 0);
}

/** Copies a string, because a substring keeps the whole original string in memory. */
function copyText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/**
 * Copies the bytes of an entry, because a small Buffer is a slice of a shared pool and keeps the whole pool in
 * memory.
 */
function copyEntry(entry: Entry): Entry {
  if (!(entry.bytes instanceof Buffer)) return entry;
  const bytes = Buffer.allocUnsafeSlow(entry.bytes.length);
  entry.bytes.copy(bytes);
  return { ...entry, bytes };
}
