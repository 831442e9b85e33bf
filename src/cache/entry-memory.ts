import type { Entry } from './part-store.ts';

/** Measured overhead in addition to the bytes of a part: objects, identifiers, Map entries. */
export const MEMBER_ENTRY_BYTES = 350;
const PART_BYTES = 450;

/** Returns the bytes that an entry takes in memory, its overhead included. */
export function sizeOf(entry: Entry | undefined): number {
  if (!entry) return 0;
  return PART_BYTES + (entry.bytes instanceof Buffer ? entry.bytes.length : 0);
}

/** Copies a string, because a substring keeps the whole original string in memory. */
export function copyText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/**
 * Copies the bytes of an entry, because a small Buffer is a slice of a shared pool and keeps the whole pool in
 * memory.
 */
export function copyEntry(entry: Entry): Entry {
  if (!(entry.bytes instanceof Buffer)) return entry;
  const bytes = Buffer.allocUnsafeSlow(entry.bytes.length);
  entry.bytes.copy(bytes);
  return { ...entry, bytes };
}

/** The bytes of an entry that is only a floor. Every other entry has bytes, because JSON is never empty. */
const NO_BYTES = Buffer.alloc(0);

/** Returns an entry of which only the order and the existence are kept, not the bytes. */
export function withoutBytes(entry: Entry): Entry {
  return entry.bytes === 'not-found' ? entry : { ...entry, bytes: NO_BYTES };
}

export function hasBytes({ bytes }: Entry): boolean {
  return bytes !== NO_BYTES;
}
