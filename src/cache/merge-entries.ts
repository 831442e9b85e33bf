import { PARTS, type Part } from '../contact/parts/index.ts';
import { hasBytes } from './entry-memory.ts';
import type { Entries, Entry } from './part-store.ts';

/**
 * Returns whether the first entry is certainly of a later call than the second. Fencing numbers decide within one
 * generation, unless a failover has undone claims, so that their numbers were handed out again. Then, and across
 * generations, the births decide, on this process's clock. The birth of an entry from Redis is known as a range;
 * if two ranges overlap, neither entry is later. Nor is one of which the number and the birth contradict each other,
 * because Redis's clock may have been set.
 */
export function isLater(one: Entry, other: Entry): boolean {
  if (one.generation === '' || one.generation !== other.generation) return isBornLater(one, other);
  if (areExact(one, other) && one.fetchedAt !== other.fetchedAt) return isBornLater(one, other);
  if (one.number !== other.number) return one.number > other.number && !isBornLater(other, one);
  // Read again from a Redis whose clock was set, one call seems to have another birth.
  return one.contentHash !== other.contentHash && isBornLater(one, other);
}

/** Returns whether the whole range of the first birth is after that of the second. */
function isBornLater(one: Entry, other: Entry): boolean {
  return one.fetchedAt > (other.bornBefore ?? other.fetchedAt);
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

/**
 * Returns the entries, with those replaced for which the floor has the result of a later call, and removed that a
 * later not-found contradicts. An entry is missing from the result if its order to the floor is not known, or if
 * the floor has not kept the bytes of the later call.
 */
export function notBehind(entries: Entries, floor: Entries): Entries {
  const parts = PARTS.filter((part) => entries[part]);
  if (parts.length === 0) return entries;
  const merged = mergeEntries(floor, entries);
  if (merged.contact?.bytes === 'not-found') parts.push('contact');
  const kept: Partial<Record<Part, Entry>> = {};
  for (const part of parts) {
    const winner = merged[part];
    if (!winner || !hasBytes(winner)) continue;
    if (isOrdered(winner, part, winner === entries[part] ? floor : entries)) kept[part] = winner;
  }
  return kept;
}

/**
 * Returns whether the floor has the call of each entry, as in most reads, and no not-found that would contradict
 * them. perf: saves 1.8 µs of the 28 µs of CPU time that a hit in Redis takes.
 */
export function areShown(entries: Entries, floor: Entries): boolean {
  for (const part of PARTS) {
    const entry = entries[part];
    const known = floor[part];
    if (entry?.bytes === 'not-found' || known?.bytes === 'not-found') return false;
    if (entry && !(known && isSameCall(entry, known))) return false;
  }
  return true;
}

/** Returns whether an entry is of the same call as, or a later one than, all entries that it contradicts. */
function isOrdered(winner: Entry, part: Part, others: Entries): boolean {
  return PARTS.every((name) => {
    const other = others[name];
    if (!other || (name !== part && winner.bytes !== 'not-found' && other.bytes !== 'not-found')) return true;
    return isSameCall(winner, other) || isLater(winner, other);
  });
}

/** Returns whether two entries are results of the same call. */
export function isSameCall(one: Entry, other: Entry): boolean {
  if (one === other) return true;
  // A failover can hand out a number again, so the content has to be the same, too.
  const isAlike =
    one.number === other.number &&
    one.generation !== '' &&
    one.generation === other.generation &&
    one.contentHash === other.contentHash;
  return isAlike && (one.fetchedAt === other.fetchedAt || !areExact(one, other));
}

/** Returns whether both births are exact times. That of an entry from Redis is a range. */
function areExact(one: Entry, other: Entry): boolean {
  return one.bornBefore === undefined && other.bornBefore === undefined;
}
