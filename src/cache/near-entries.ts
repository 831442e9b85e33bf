import type { Part } from '../contact/parts/index.ts';
import type { Change, Entries, Snapshot } from './part-store.ts';

/**
 * Removes the entries of Redis behind which this process has shown a later call. An entry of the same generation
 * is replaced by the later one; one of another generation cannot be served, so it becomes a miss.
 */
export function notBehind(entries: Entries, latest: Entries, generation: string | undefined): Entries {
  if (latest === entries) return entries;
  const kept: Partial<Record<Part, Entries[Part]>> = {};
  for (const part of Object.keys(latest) as Part[])
    if (latest[part]?.generation === generation) kept[part] = latest[part];
  return kept as Entries;
}

/** Returns the entries as changes that keep them. */
export function floorOf(entries: Entries): Change[] {
  return (Object.keys(entries) as Part[]).map((part) => ({
    part,
    entry: entries[part],
    retentionMs: Infinity,
  }));
}

export function hasAll({ entries }: Snapshot, parts: readonly Part[]): boolean {
  for (const part of parts) if (!entries[part]) return false;
  return true;
}
