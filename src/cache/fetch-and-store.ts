import type { FetchShapedParts } from '../contact/fetch-parts.ts';
import { PARTS, type Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { isAppError } from '../errors.ts';
import { jittered, judge, keepMs, type CachePolicy } from './freshness.ts';
import type { Change, Entries, Entry, PartStore } from './part-store.ts';

export interface FetchAndStoreOptions {
  readonly store: PartStore;
  readonly policy: CachePolicy;
  readonly now: () => number;
  readonly random: () => number;
}

export interface Fetched {
  /** The parts that were asked for, and `contact` where a call was made. */
  readonly entries: Entries;
  readonly stored: boolean;
}

/**
 * One flight: makes sure that the parts are still missing, makes one call for those that are, and stores
 * what came under the generation from before the call.
 *
 * @param look whether to look again before calling. A request may find a part missing just before
 *   another's call for it has landed.
 */
export function fetchAndStore(fetchParts: FetchShapedParts, options: FetchAndStoreOptions) {
  const { store, policy, now, random } = options;

  return async function fetchMissing(
    ref: ContactRef,
    parts: readonly Part[],
    look: boolean,
    signal: AbortSignal,
  ): Promise<Fetched> {
    const { generation, entries } = await store.open(ref, look ? withContact(parts) : []);
    const { notFound, usable, stale } = judge(entries, parts, now(), policy);
    if (notFound) return { entries: { contact: notFound }, stored: true };
    const fresh = usable.filter((part) => !stale.includes(part));
    const wanted = parts.filter((part) => !fresh.includes(part));
    if (wanted.length === 0) return { entries, stored: true };

    const answered = await ask(ref, wanted, signal);
    const changes = changesFor(answered);
    await store.write(ref, generation, changes);
    const kept = Object.fromEntries(fresh.map((part) => [part, entries[part]]));
    return { entries: { ...kept, ...answered }, stored: changes.some(({ entry }) => entry) };
  };

  async function ask(ref: ContactRef, parts: readonly Part[], signal: AbortSignal): Promise<Entries> {
    try {
      const bytes = await fetchParts({ ...ref, parts }, { signal });
      const fetchedAt = now();
      const entries: Partial<Record<Part, Entry>> = {};
      for (const part of PARTS) {
        const found = bytes[part];
        if (found)
          entries[part] = {
            bytes: found,
            fetchedAt,
            staleAt: fetchedAt + jittered(policy.ttlMs[part], random),
          };
      }
      return entries;
    } catch (error) {
      // Not-found is an answer like any other: it is stored, and replaces what was known before.
      if (!isAppError(error, 'CONTACT_NOT_FOUND')) throw error;
      const fetchedAt = now();
      return { contact: { bytes: 'not-found', fetchedAt, staleAt: fetchedAt + policy.negativeTtlMs } };
    }
  }

  function changesFor(answered: Entries): Change[] {
    const changes: Change[] = [];
    const gone = answered.contact?.bytes === 'not-found';
    for (const part of PARTS) {
      const entry = answered[part];
      if (entry && entry.staleAt > entry.fetchedAt)
        changes.push({ part, entry, keepMs: keepMs(entry, now(), policy) });
      else if (gone) changes.push({ part, entry: undefined, keepMs: 0 });
    }
    return changes;
  }
}

/** `contact` is read whatever was asked for: it is where a contact that does not exist is remembered. */
export function withContact(parts: readonly Part[]): readonly Part[] {
  return parts.includes('contact') ? parts : ['contact', ...parts];
}
