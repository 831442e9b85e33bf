import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { generationKey, partKey } from './part-key.ts';
import type { Entries, Entry, OpenSnapshot, PartStore } from './part-store.ts';

interface Kept {
  readonly generation: string;
  readonly entry: Entry;
  readonly dropAt: number;
}

/** What a key costs beside its bytes: the objects, the key's string and its place in the map. Measured. */
const OVERHEAD_BYTES = 600;

/**
 * The engine inside the process: least recently used entries leave once the bound is reached.
 *
 * @param options.maxBytes bound on keys, values and their overhead together.
 * @param options.now milliseconds since the epoch.
 */
export function memoryPartStore(options: {
  readonly maxBytes: number;
  readonly now: () => number;
}): PartStore {
  const kept = new LRUCache<string, Kept | string>({
    maxSize: options.maxBytes,
    sizeCalculation: (value) =>
      OVERHEAD_BYTES +
      (typeof value !== 'string' && value.entry.bytes instanceof Buffer ? value.entry.bytes.length : 0),
  });

  function entriesOf(ref: ContactRef, parts: readonly Part[], generation: string): Entries {
    const entries: Partial<Record<Part, Entry>> = {};
    for (const part of parts) {
      const found = kept.get(partKey(ref, part));
      if (found === undefined || typeof found === 'string') continue;
      if (found.generation === generation && found.dropAt > options.now()) entries[part] = found.entry;
      else kept.delete(partKey(ref, part));
    }
    return entries;
  }

  return {
    read(ref, parts) {
      const generation = kept.get(generationKey(ref.org, ref.contact));
      if (typeof generation !== 'string') return Promise.resolve({ generation: undefined, entries: {} });
      return Promise.resolve({ generation, entries: entriesOf(ref, parts, generation) });
    },
    open(ref, parts): Promise<OpenSnapshot> {
      const key = generationKey(ref.org, ref.contact);
      const found = kept.get(key);
      const generation = typeof found === 'string' ? found : randomBytes(12).toString('base64url');
      if (generation !== found) kept.set(key, generation);
      return Promise.resolve({ generation, entries: entriesOf(ref, parts, generation) });
    },
    write(ref, generation, changes) {
      if (kept.get(generationKey(ref.org, ref.contact)) !== generation) return Promise.resolve();
      for (const { part, entry, keepMs } of changes) {
        const key = partKey(ref, part);
        if (!entry) kept.delete(key);
        else kept.set(key, { generation, entry: owned(entry), dropAt: options.now() + keepMs });
      }
      return Promise.resolve();
    },
    invalidate(org, contact) {
      kept.delete(generationKey(org, contact));
      return Promise.resolve();
    },
  };
}

/** Small buffers are slices of a shared slab, which one long-lived slice would keep alive whole. */
function owned(entry: Entry): Entry {
  if (!(entry.bytes instanceof Buffer)) return entry;
  const bytes = Buffer.allocUnsafeSlow(entry.bytes.length);
  entry.bytes.copy(bytes);
  return { ...entry, bytes };
}
