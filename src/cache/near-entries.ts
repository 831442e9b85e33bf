import type { Part } from '../contact/parts/index.ts';
import type { Entries, Entry, Snapshot } from './part-store.ts';

/** Returns the entries of a generation, and omits the others. */
export function ofGeneration(entries: Entries, generation: string | undefined): Entries {
  const kept: Partial<Record<Part, Entry>> = {};
  for (const part of Object.keys(entries) as Part[])
    if (entries[part]!.generation === generation) kept[part] = entries[part]!;
  return kept;
}

export function hasAll({ entries }: Snapshot, parts: readonly Part[]): boolean {
  for (const part of parts) if (!entries[part]) return false;
  return true;
}
