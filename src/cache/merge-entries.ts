import { PARTS, type Part } from '../contact/parts/index.ts';
import type { Entries, Entry } from './part-store.ts';

/**
 * Merges the results of several upstream calls for one contact. For each part, the call that began last wins. A
 * not-found removes the parts of calls that began before it, and a part of a call that began after the
 * not-found removes the not-found. The result therefore holds either a not-found or parts. A removed part is
 * missing from the merge.
 */
export function mergeEntries(...results: readonly Entries[]): Entries {
  let notFound: Entry | undefined;
  let lastSeenAt = -Infinity;
  const latest: Partial<Record<Part, Entry>> = {};
  for (const result of results) {
    for (const part of PARTS) {
      const entry = result[part];
      if (!entry) continue;
      if (entry.bytes === 'not-found') {
        if (!notFound || entry.fetchedAt > notFound.fetchedAt) notFound = entry;
        continue;
      }
      lastSeenAt = Math.max(lastSeenAt, entry.fetchedAt);
      const other = latest[part];
      if (!other || entry.fetchedAt >= other.fetchedAt) latest[part] = entry;
    }
  }
  if (!notFound) return latest;
  if (notFound.fetchedAt > lastSeenAt) return { contact: notFound };
  for (const part of PARTS) {
    const entry = latest[part];
    if (entry && entry.fetchedAt < notFound.fetchedAt) delete latest[part];
  }
  return latest;
}
