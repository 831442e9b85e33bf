import { PARTS, type Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import type { Change, Entry, Snapshot } from './part-store.ts';
import { LinkedList, type ListNode } from './linked-list.ts';

/** A contact's generation, and when it was last known to be that. */
export interface GenerationStamp {
  readonly generation: string;
  /** Milliseconds of the table's owner's clock. */
  readonly confirmedAt: number;
}

interface Kept {
  readonly entry: Entry;
  readonly dropAt: number;
}

/** What is known of a contact, whichever member asks: all that is kept of it is of the mark's generation. */
interface Contact {
  readonly org: string;
  readonly id: string;
  stamp: GenerationStamp;
  /** Most contacts are one member's, and a map takes more than all the rest. */
  first: MemberEntry | undefined;
  /** By member. */
  others: Map<string, MemberEntry> | undefined;
}

/** A contact as one member sees it: what is used, and leaves, as one. */
interface MemberEntry extends ListNode {
  readonly contact: Contact;
  readonly member: string;
  readonly parts: { [P in Part]: Kept | undefined };
  bytes: number;
}

/** What each costs beside the bytes of an answer: objects, identifiers, places in maps. Measured. */
const MEMBER_ENTRY_BYTES = 350;
const PART_BYTES = 450;

/**
 * Generations and entries in this process's memory: what was used least recently leaves once the bound is
 * reached. Found by the identifiers as they are, one map in another: a name made of them would have to be put
 * together and hashed anew for every read.
 */
export class LruTable {
  /** By organization and contact. */
  readonly #contacts = new Map<string, Map<string, Contact>>();
  readonly #memberEntries = new LinkedList<MemberEntry>();
  readonly #maxBytes: number;
  readonly #now: () => number;
  #bytes = 0;

  /**
   * @param options.maxBytes bound on what is kept and its overhead together; 0 keeps nothing.
   * @param options.now milliseconds of the owner's clock.
   */
  constructor({ maxBytes, now }: { readonly maxBytes: number; readonly now: () => number }) {
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  generationOf(org: string, contact: string): GenerationStamp | undefined {
    return this.#find(org, contact)?.stamp;
  }

  /** What was kept under another generation counts no more. */
  confirm(ref: ContactRef, mark: GenerationStamp): void {
    if (this.#maxBytes < MEMBER_ENTRY_BYTES) return;
    let contact = this.#find(ref.org, ref.contact);
    if (contact && contact.stamp.generation !== mark.generation) {
      this.#drop(contact);
      contact = undefined;
    }
    contact ??= this.#addContact(ref, mark);
    contact.stamp = mark;
    this.#memberEntries.use(memberEntryOf(contact, ref.member) ?? this.#addMemberEntry(contact, ref.member));
    this.#shrink();
  }

  /**
   * The generation and those of the parts that are kept, which counts as a use of them.
   *
   * @param confirmedAfter a contact that was last confirmed then or before is as good as unknown.
   */
  read(ref: ContactRef, parts: readonly Part[], confirmedAfter = -Infinity): Snapshot {
    const contact = this.#find(ref.org, ref.contact);
    if (!contact || contact.stamp.confirmedAt <= confirmedAfter) return NOTHING;
    const entries: Partial<Record<Part, Entry>> = {};
    const view = memberEntryOf(contact, ref.member);
    if (view) {
      this.#memberEntries.use(view);
      const now = this.#now();
      for (const part of parts) {
        const kept = view.parts[part];
        if (!kept) continue;
        if (kept.dropAt > now) entries[part] = kept.entry;
        else this.#put(view, part, undefined);
      }
    }
    return { generation: contact.stamp.generation, entries };
  }

  /** Does nothing where the contact is not marked with this generation. */
  change(ref: ContactRef, generation: string, changes: readonly Change[]): void {
    const contact = this.#find(ref.org, ref.contact);
    if (contact?.stamp.generation !== generation) return;
    const view = memberEntryOf(contact, ref.member) ?? this.#addMemberEntry(contact, ref.member);
    this.#memberEntries.use(view);
    for (const { part, entry, retentionMs } of changes) {
      this.#put(view, part, undefined);
      // What is larger than the whole would displace all the rest and then itself.
      if (!entry || view.bytes + sizeOf(entry) > this.#maxBytes) continue;
      this.#put(view, part, { entry: owned(entry), dropAt: this.#now() + retentionMs });
      if (entry.bytes === 'not-found') this.#dropBefore(view, entry.fetchedAt);
    }
    this.#shrink();
  }

  /** Every member's entries of the contact count no more. */
  forget(org: string, contact: string): void {
    const known = this.#find(org, contact);
    if (known) this.#drop(known);
  }

  clear(): void {
    this.#contacts.clear();
    this.#memberEntries.clear();
    this.#bytes = 0;
  }

  /** Bytes that are taken, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  #find(org: string, contact: string): Contact | undefined {
    return this.#contacts.get(org)?.get(contact);
  }

  #addContact({ org, contact: given }: ContactRef, mark: GenerationStamp): Contact {
    const id = ownText(given);
    const contact: Contact = { org, id, stamp: mark, first: undefined, others: undefined };
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
    const view: MemberEntry = {
      contact,
      member,
      parts,
      bytes: MEMBER_ENTRY_BYTES,
      newer: undefined,
      older: undefined,
    };
    if (contact.first) contact.others = (contact.others ?? new Map<string, MemberEntry>()).set(member, view);
    else contact.first = view;
    this.#memberEntries.add(view);
    this.#bytes += MEMBER_ENTRY_BYTES;
    return view;
  }

  #put(view: MemberEntry, part: Part, kept: Kept | undefined): void {
    const more = sizeOf(kept?.entry) - sizeOf(view.parts[part]?.entry);
    view.parts[part] = kept;
    view.bytes += more;
    this.#bytes += more;
  }

  /** Drops the parts of earlier calls, which a not-found contradicts, so that none outlives it. */
  #dropBefore(view: MemberEntry, time: number): void {
    for (const part of PARTS) {
      const kept = view.parts[part];
      if (kept && kept.entry.fetchedAt < time) this.#put(view, part, undefined);
    }
  }

  #shrink(): void {
    while (this.#bytes > this.#maxBytes) this.#dropMemberEntry(this.#memberEntries.oldest!);
  }

  #drop(contact: Contact): void {
    for (const view of contact.others?.values() ?? []) this.#dropMemberEntry(view);
    if (contact.first) this.#dropMemberEntry(contact.first);
  }

  /** A contact that nobody looks at any more leaves with its last view, and its generation with it. */
  #dropMemberEntry(view: MemberEntry): void {
    const { contact, member } = view;
    this.#memberEntries.remove(view);
    this.#bytes -= view.bytes;
    if (contact.first === view) contact.first = undefined;
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

/** What was cut out of a longer text keeps all of that alive. */
function ownText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Small buffers are slices of a shared slab, which one long-lived slice would keep alive whole. */
function owned(entry: Entry): Entry {
  if (!(entry.bytes instanceof Buffer)) return entry;
  const bytes = Buffer.allocUnsafeSlow(entry.bytes.length);
  entry.bytes.copy(bytes);
  return { ...entry, bytes };
}
