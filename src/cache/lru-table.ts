import { byPart, PARTS, type Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import {
  isServable,
  memberEntryOf,
  NOTHING,
  UNCONFIRMED,
  type Contact,
  type GenerationStamp,
  type MemberEntry,
  type Stored,
} from './contact-entries.ts';
import { copyEntry, copyText, hasBytes, MEMBER_ENTRY_BYTES, sizeOf, withoutBytes } from './entry-memory.ts';
import type { Change, Entries, Entry, Snapshot } from './part-store.ts';
import { LinkedList } from './linked-list.ts';
import { isLater, isSameCall } from './merge-entries.ts';

/** The initial parts of a member entry. All members exist from the start, so that entries share one hidden class. */
const NO_PARTS = byPart((): Stored | undefined => undefined);

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
  readonly #floorMs: number;
  readonly #kept: (entry: Entry) => Entry;
  #bytes = 0;

  /**
   * @param options.maxBytes bound on entries and overhead together; 0 stores nothing.
   * @param options.now milliseconds of the owner's clock.
   * @param options.floorMs milliseconds for which an expired entry stays a floor: more than any call takes, because
   *   an earlier call may still be in flight. Default: 0.
   * @param options.kept returns what is kept of an entry. Default: a copy.
   */
  constructor(options: {
    maxBytes: number;
    now: () => number;
    floorMs?: number;
    kept?: (entry: Entry) => Entry;
  }) {
    this.#maxBytes = options.maxBytes;
    this.#now = options.now;
    this.#floorMs = options.floorMs ?? 0;
    this.#kept = options.kept ?? copyEntry;
  }

  generationOf(org: string, contact: string): GenerationStamp | undefined {
    return this.#find(org, contact)?.stamp;
  }

  /** Sets the contact's generation. Entries of another one are not served, and stay as a floor. */
  confirm(ref: ContactRef, stamp: GenerationStamp): void {
    if (this.#maxBytes < MEMBER_ENTRY_BYTES) return;
    const contact = this.#find(ref.org, ref.contact) ?? this.#addContact(ref, stamp);
    contact.stamp = stamp;
    this.#memberEntries.use(memberEntryOf(contact, ref.member) ?? this.#addMemberEntry(contact, ref.member));
    this.#shrink();
  }

  /**
   * Returns the generation and the stored parts among those requested, and marks them as used. Also returns
   * `contact` if it is not found.
   *
   * @param after an entry is treated as a miss unless its generation was confirmed, or its call began, after
   *   this.
   */
  read(ref: ContactRef, parts: readonly Part[], after = -Infinity): Snapshot {
    const contact = this.#find(ref.org, ref.contact);
    if (!contact) return NOTHING;
    const memberEntry = memberEntryOf(contact, ref.member);
    const { stamp } = contact;
    const entries: Partial<Record<Part, Entry>> = {};
    if (memberEntry) {
      this.#memberEntries.use(memberEntry);
      const now = this.#now();
      for (const part of parts) {
        const stored = memberEntry.parts[part];
        if (!stored) continue;
        if (stored.dropAt > now) {
          if (isServable(stored, stamp, after)) entries[part] = stored.entry;
        } else if (stored.dropAt + this.#floorMs <= now) this.#put(memberEntry, part, undefined);
      }
      const negative = parts.length > 0 ? memberEntry.parts.contact : undefined;
      if (negative?.entry.bytes === 'not-found' && negative.dropAt > now)
        if (isServable(negative, stamp, after)) entries.contact = negative.entry;
    }
    return { generation: stamp.confirmedAt > after ? stamp.generation : undefined, entries };
  }

  /** Marks all entries of a member as used, and returns them, served or not: no response may go back behind them. */
  floor(ref: ContactRef): Entries {
    const contact = this.#find(ref.org, ref.contact);
    const memberEntry = contact && memberEntryOf(contact, ref.member);
    const entries: Partial<Record<Part, Entry>> = {};
    if (!memberEntry) return entries;
    this.#memberEntries.use(memberEntry);
    const after = this.#now() - this.#floorMs;
    for (const part of PARTS) {
      const stored = memberEntry.parts[part];
      if (stored && stored.dropAt > after) entries[part] = stored.entry;
    }
    return entries;
  }

  /**
   * Applies changes. No-op if the contact's generation is another one. A part is stored only over one of an
   * earlier call. A part that is removed stays as a floor.
   */
  change(ref: ContactRef, generation: string, changes: readonly Change[]): void {
    const contact = this.#find(ref.org, ref.contact);
    if (contact?.stamp.generation !== generation) return;
    const memberEntry = memberEntryOf(contact, ref.member) ?? this.#addMemberEntry(contact, ref.member);
    this.#memberEntries.use(memberEntry);
    for (const { part, entry, retentionMs } of changes) {
      const known = memberEntry.parts[part];
      if (entry) this.#raise(memberEntry, part, entry, retentionMs, false);
      else if (known?.entry.generation === generation) memberEntry.parts[part] = { ...known, isFloor: true };
    }
    this.#shrink();
  }

  /** Keeps the entries that a response shows as a floor. */
  show(ref: ContactRef, entries: Entries): void {
    if (this.#maxBytes < MEMBER_ENTRY_BYTES) return;
    const contact = this.#find(ref.org, ref.contact) ?? this.#addContact(ref, UNCONFIRMED);
    const memberEntry = memberEntryOf(contact, ref.member) ?? this.#addMemberEntry(contact, ref.member);
    this.#memberEntries.use(memberEntry);
    for (const part of PARTS)
      if (entries[part]) this.#raise(memberEntry, part, entries[part], Infinity, true);
    this.#shrink();
  }

  /** Replaces a part if the entry is of a later call. */
  #raise(memberEntry: MemberEntry, part: Part, entry: Entry, retentionMs: number, isFloor: boolean): void {
    const known = memberEntry.parts[part];
    if (known && !isLater(entry, known.entry)) {
      // An entry that is read again from Redis keeps its times: this process's clock decides how long it lives.
      if (known.isFloor && !isFloor && hasBytes(known.entry) && isSameCall(known.entry, entry))
        memberEntry.parts[part] = { ...known, isFloor };
      return;
    }
    this.#put(memberEntry, part, undefined);
    const kept = this.#kept(entry);
    // An entry larger than the bound would evict all others and then itself.
    if (memberEntry.bytes + sizeOf(kept) > this.#maxBytes) return;
    this.#put(memberEntry, part, { entry: kept, dropAt: this.#now() + retentionMs, isFloor });
    if (entry.bytes === 'not-found') this.#removeBefore(memberEntry, entry);
  }

  /** Serves none of the contact's entries until a generation is confirmed, and keeps them as a floor. */
  unconfirm(org: string, contact: string): void {
    const known = this.#find(org, contact);
    if (known) known.stamp = UNCONFIRMED;
  }

  /** Returns the birth of the contact's oldest entry, of any member, that `read` would return. */
  oldestBirth(org: string, contact: string, after: number): number | undefined {
    const known = this.#find(org, contact);
    if (!known) return undefined;
    const now = this.#now();
    const births = [...(known.first ? [known.first] : []), ...(known.others?.values() ?? [])]
      .flatMap(({ parts }) => PARTS.map((part) => parts[part]))
      .filter((stored) => stored && stored.dropAt > now && isServable(stored, known.stamp, after))
      .map((stored) => stored!.entry.fetchedAt);
    return births.length > 0 ? Math.min(...births) : undefined;
  }

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
    const parts = { ...NO_PARTS };
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

  /** Removes the parts of calls before a not-found, which contradicts them. They stay as a floor, without bytes. */
  #removeBefore(memberEntry: MemberEntry, notFound: Entry): void {
    for (const part of PARTS) {
      const stored = memberEntry.parts[part];
      if (!stored || !isLater(notFound, stored.entry)) continue;
      this.#put(memberEntry, part, { ...stored, entry: withoutBytes(stored.entry), isFloor: true });
    }
  }

  #shrink(): void {
    while (this.#bytes > this.#maxBytes) this.#dropMemberEntry(this.#memberEntries.oldest!);
  }

  /** Drops a member's entries, and the contact with its last member. */
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
