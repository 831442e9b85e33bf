import type { Part } from '../contact/parts/index.ts';
import { withoutBytes } from './entry-memory.ts';
import { LruTable } from './lru-table.ts';
import type { Entries, Entry, Snapshot } from './part-store.ts';

const FLOOR_BYTES = 1_000_000;

/** Creates the table that keeps the order of entries while the near cache is off, so that no response goes back. */
export function floorTable(now: () => number): LruTable {
  return new LruTable({ maxBytes: FLOOR_BYTES, now, kept: withoutBytes });
}

/** Returns the entries of the requested parts that have this generation, and a not-found. */
export function requested(entries: Entries, parts: readonly Part[], generation: string | undefined): Entries {
  const kept: Partial<Record<Part, Entry>> = {};
  for (const part of Object.keys(entries) as Part[]) {
    const entry = entries[part]!;
    const isWanted = parts.includes(part) || entry.bytes === 'not-found';
    if (isWanted && entry.generation === generation) kept[part] = entry;
  }
  return kept;
}

export function hasAll({ entries }: Snapshot, parts: readonly Part[]): boolean {
  for (const part of parts) if (!entries[part]) return false;
  return true;
}
