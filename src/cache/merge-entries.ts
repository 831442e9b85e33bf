import { PARTS, type Part } from '../contact/parts/index.ts';
import type { Entries, Entry } from './part-store.ts';

/**
 * Returns whether the first entry is of a later call than the second. Fencing numbers decide within one
 * generation. Across generations the birth decides, on this process's clock.
 */
export function isLater(one: Entry, other: Entry): boolean {
  if (one.generation !== '' && one.generation === other.generation) return one.number > other.number;
  return one.fetchedAt > other.fetchedAt;
}

/**
 * Merges the results of several upstream calls for one contact. For each part, the latest call wins. A not-found
 * removes the parts of earlier calls, and a part of a call later than the not-found removes the not-found. The
 * result therefore holds either a not-found or parts. A removed part is missing from the merge.
 */
export function mergeEntries(...results: readonly Entries[]): Entries {
  let notFound: Entry | undefined;
  let latestPart: Entry | undefined;
  const latest: Partial<Record<Part, Entry>> = {};
  for (const result of results) {
    for (const part of PARTS) {
      const entry = result[part];
      if (!entry) continue;
      if (entry.bytes === 'not-found') {
        if (!notFound || isLater(entry, notFound)) notFound = entry;
        continue;
      }
      if (!latestPart || isLater(entry, latestPart)) latestPart = entry;
      const other = latest[part];
      if (!other || !isLater(other, entry)) latest[part] = entry;
    }
  }
  if (!notFound) return latest;
  if (!latestPart || isLater(notFound, latestPart)) return { contact: notFound };
  for (const part of PARTS) {
    const entry = latest[part];
    if (entry && isLater(notFound, entry)) delete latest[part];
  }
  return latest;
}
