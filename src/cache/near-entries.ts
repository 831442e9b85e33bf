import type { Part } from '../contact/parts/index.ts';
import { withoutBytes } from './entry-memory.ts';
import { LruTable } from './lru-table.ts';
import type { Entries, Entry, Snapshot } from './part-store.ts';

const FLOOR_BYTES = 1_000_000;

/** Creates the table that keeps the order of entries while the near cache is off, so that no response goes back. */
export function floorTable(now: () => number): LruTable {
  return new LruTable({ maxBytes: FLOOR_BYTES, now, kept: withoutBytes });
}

/** A confirmation of a contact's generation. */
export interface Confirmation {
  /** Monotonic time, in milliseconds, at which the generation was the contact's; `-Infinity` without Redis. */
  readonly confirmedAt: number;
  /** The version of the log of received invalidations when the request for the changes began. */
  readonly version: number;
}

/** The state of this process when a request to Redis began. The reply confirms a generation for that time. */
export interface RequestStart extends Confirmation {
  /** The version of the log of contacts for which this process has fetched parts. */
  readonly fetchedVersion: number;
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
