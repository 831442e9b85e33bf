import { LRUCache } from 'lru-cache';
import type { Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { generationKey, partKey } from './part-key.ts';
import type { Change, Entries, Entry } from './part-store.ts';

/** A contact's generation, and when it was last known to be that. */
export interface Mark {
  readonly generation: string;
  /** Milliseconds since the epoch. */
  readonly confirmedAt: number;
}

interface Kept {
  readonly generation: string;
  readonly entry: Entry;
  readonly dropAt: number;
}

/** What a key costs beside its bytes: the objects, the key's string and its place in the map. Measured. */
const OVERHEAD_BYTES = 600;

/** Generations and entries in this process's memory: the least recently used leave once the bound is reached. */
export class EntryTable {
  readonly #kept: LRUCache<string, Kept | Mark> | undefined;
  readonly #now: () => number;

  /**
   * @param options.maxBytes bound on keys, values and their overhead together; 0 keeps nothing.
   * @param options.now milliseconds since the epoch.
   */
  constructor({ maxBytes, now }: { readonly maxBytes: number; readonly now: () => number }) {
    this.#now = now;
    if (maxBytes === 0) return;
    this.#kept = new LRUCache({ maxSize: maxBytes, sizeCalculation: sizeOf });
  }

  markOf(org: string, contact: string): Mark | undefined {
    return this.#kept?.get(generationKey(org, contact)) as Mark | undefined;
  }

  mark(org: string, contact: string, mark: Mark): void {
    this.#kept?.set(generationKey(org, contact), mark);
  }

  entriesOf(ref: ContactRef, parts: readonly Part[], generation: string): Entries {
    const entries: Partial<Record<Part, Entry>> = {};
    for (const part of parts) {
      const key = partKey(ref, part);
      const found = this.#kept?.get(key) as Kept | undefined;
      if (!found) continue;
      if (found.generation === generation && found.dropAt > this.#now()) entries[part] = found.entry;
      else this.#kept?.delete(key);
    }
    return entries;
  }

  change(ref: ContactRef, generation: string, changes: readonly Change[]): void {
    for (const { part, entry, keepMs } of changes) {
      const key = partKey(ref, part);
      if (entry) this.#kept?.set(key, { generation, entry: owned(entry), dropAt: this.#now() + keepMs });
      else this.#kept?.delete(key);
    }
  }

  /** Every member's entries of the contact count no more. */
  forget(org: string, contact: string): void {
    this.#kept?.delete(generationKey(org, contact));
  }

  clear(): void {
    this.#kept?.clear();
  }

  /** Bytes that are taken, overhead included. */
  get bytes(): number {
    return this.#kept?.calculatedSize ?? 0;
  }
}

function sizeOf(value: Kept | Mark): number {
  const bytes = 'entry' in value && value.entry.bytes instanceof Buffer ? value.entry.bytes.length : 0;
  return OVERHEAD_BYTES + bytes;
}

/** Small buffers are slices of a shared slab, which one long-lived slice would keep alive whole. */
function owned(entry: Entry): Entry {
  if (!(entry.bytes instanceof Buffer)) return entry;
  const bytes = Buffer.allocUnsafeSlow(entry.bytes.length);
  entry.bytes.copy(bytes);
  return { ...entry, bytes };
}
