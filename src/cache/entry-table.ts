import { PARTS, type Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import type { Change, Entry, Snapshot } from './part-store.ts';
import { RecencyList, type Listed } from './recency-list.ts';

/** A contact's generation, and when it was last known to be that. */
export interface Mark {
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
  mark: Mark;
  /** Most contacts are one member's, and a map takes more than all the rest. */
  first: View | undefined;
  /** By member. */
  others: Map<string, View> | undefined;
}

/** A contact as one member sees it: what is used, and leaves, as one. */
interface View extends Listed {
  readonly contact: Contact;
  readonly member: string;
  readonly parts: { [P in Part]: Kept | undefined };
  bytes: number;
}

/** What each costs beside the bytes of an answer: objects, identifiers, places in maps. Measured. */
const VIEW_BYTES = 350;
const PART_BYTES = 450;

/**
 * Generations and entries in this process's memory: what was used least recently leaves once the bound is
 * reached. Found by the identifiers as they are, one map in another: a name made of them would have to be put
 * together and hashed anew for every read.
 */
export class EntryTable {
  /** By organization and contact. */
  readonly #contacts = new Map<string, Map<string, Contact>>();
  readonly #views = new RecencyList<View>();
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

  markOf(org: string, contact: string): Mark | undefined {
    return this.#find(org, contact)?.mark;
  }

  /** What was kept under another generation counts no more. */
  mark(ref: ContactRef, mark: Mark): void {
    if (this.#maxBytes < VIEW_BYTES) return;
    let contact = this.#find(ref.org, ref.contact);
    if (contact && contact.mark.generation !== mark.generation) {
      this.#drop(contact);
      contact = undefined;
    }
    contact ??= this.#addContact(ref, mark);
    contact.mark = mark;
    this.#views.use(viewOf(contact, ref.member) ?? this.#addView(contact, ref.member));
    this.#shrink();
  }

  /**
   * The generation and those of the parts that are kept, which counts as a use of them.
   *
   * @param confirmedAfter a contact that was last confirmed then or before is as good as unknown.
   */
  read(ref: ContactRef, parts: readonly Part[], confirmedAfter = -Infinity): Snapshot {
    const contact = this.#find(ref.org, ref.contact);
    if (!contact || contact.mark.confirmedAt <= confirmedAfter) return NOTHING;
    const entries: Partial<Record<Part, Entry>> = {};
    const view = viewOf(contact, ref.member);
    if (view) {
      this.#views.use(view);
      const now = this.#now();
      for (const part of parts) {
        const kept = view.parts[part];
        if (!kept) continue;
        if (kept.dropAt > now) entries[part] = kept.entry;
        else this.#put(view, part, undefined);
      }
    }
    return { generation: contact.mark.generation, entries };
  }

  /** Does nothing where the contact is not marked with this generation. */
  change(ref: ContactRef, generation: string, changes: readonly Change[]): void {
    const contact = this.#find(ref.org, ref.contact);
    if (contact?.mark.generation !== generation) return;
    const view = viewOf(contact, ref.member) ?? this.#addView(contact, ref.member);
    this.#views.use(view);
    for (const { part, entry, keepMs } of changes) {
      this.#put(view, part, undefined);
      // What is larger than the whole would displace all the rest and then itself.
      if (!entry || view.bytes + sizeOf(entry) > this.#maxBytes) continue;
      this.#put(view, part, { entry: owned(entry), dropAt: this.#now() + keepMs });
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
    this.#views.clear();
    this.#bytes = 0;
  }

  /** Bytes that are taken, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  #find(org: string, contact: string): Contact | undefined {
    return this.#contacts.get(org)?.get(contact);
  }

  #addContact({ org, contact: given }: ContactRef, mark: Mark): Contact {
    const id = ownText(given);
    const contact: Contact = { org, id, mark, first: undefined, others: undefined };
    const others = this.#contacts.get(org) ?? new Map<string, Contact>();
    this.#contacts.set(org, others.set(id, contact));
    return contact;
  }

  #addView(contact: Contact, member: string): View {
    const parts = {
      contact: undefined,
      notes: undefined,
      entity: undefined,
      profile: undefined,
      signals: undefined,
    };
    const view: View = { contact, member, parts, bytes: VIEW_BYTES, newer: undefined, older: undefined };
    if (contact.first) contact.others = (contact.others ?? new Map<string, View>()).set(member, view);
    else contact.first = view;
    this.#views.add(view);
    this.#bytes += VIEW_BYTES;
    return view;
  }

  #put(view: View, part: Part, kept: Kept | undefined): void {
    const more = sizeOf(kept?.entry) - sizeOf(view.parts[part]?.entry);
    view.parts[part] = kept;
    view.bytes += more;
    this.#bytes += more;
  }

  /** Drops the parts of earlier calls, which a not-found contradicts, so that none outlives it. */
  #dropBefore(view: View, time: number): void {
    for (const part of PARTS) {
      const kept = view.parts[part];
      if (kept && kept.entry.fetchedAt < time) this.#put(view, part, undefined);
    }
  }

  #shrink(): void {
    while (this.#bytes > this.#maxBytes) this.#dropView(this.#views.oldest!);
  }

  #drop(contact: Contact): void {
    for (const view of contact.others?.values() ?? []) this.#dropView(view);
    if (contact.first) this.#dropView(contact.first);
  }

  /** A contact that nobody looks at any more leaves with its last view, and its generation with it. */
  #dropView(view: View): void {
    const { contact, member } = view;
    this.#views.remove(view);
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

function viewOf({ first, others }: Contact, member: string): View | undefined {
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
