import type { FetchOptions, FetchShapedParts } from '../contact/fetch-parts.ts';
import { contentHash } from '../lib/content-hash.ts';
import { PARTS, type Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { AppError, isAppError } from '../errors.ts';
import { jittered, classify, retentionMs, type CachePolicy } from './freshness.ts';
import { mergeEntries } from './merge-entries.ts';
import type { RemoteCall, Change, FetchLease, Entries, Entry, PartStore } from './part-store.ts';

export interface FetchAndStoreOptions {
  readonly store: PartStore;
  readonly policy: CachePolicy;
  /** Milliseconds for which other processes' calls are waited for before giving up. */
  readonly maxWaitMs: number;
  /** Told of what could not be stored for another reason than that Redis is out of reach. */
  readonly onStoreFailure: (error: unknown) => void;
  /** Milliseconds of a monotonic clock, so that a step of the system's clock prolongs no entry. */
  readonly now: () => number;
  readonly random: () => number;
}

/** How a call for missing parts relates to the store, and to other calls. */
export type FetchMode = 'shared' | 'alone' | 'unstored';

export interface Fetched {
  /** The parts that were asked for, and `contact` where a call was made. */
  readonly entries: Entries;
  readonly stored: boolean;
  /** The reason that parts are missing from `entries`: a call that failed, here or in another process. */
  readonly failure?: unknown;
}

/**
 * One flight: makes sure that the parts are still missing, makes one call for those that nobody else is
 * fetching, waits for the rest, and stores what came under the generation from before the call.
 *
 * @param mode `shared` reads the store again and shares the call with other processes; `alone` makes its own
 *   call and stores the result; `unstored` makes its own call and leaves the store as it is.
 * @param learn told the generation from before the call: what is fetched is stored, and shared, under it.
 */
export function fetchAndStore(fetchParts: FetchShapedParts, options: FetchAndStoreOptions) {
  const { store, policy, now, random } = options;

  return async function fetchMissing(
    ref: ContactRef,
    parts: readonly Part[],
    mode: FetchMode,
    fetchOptions: FetchOptions,
    onGeneration: (generation: string) => void,
  ): Promise<Fetched> {
    if (mode === 'unstored') return { entries: await callUpstream(ref, parts, fetchOptions), stored: false };
    return claimAndFetch(
      ref,
      parts,
      mode === 'shared',
      fetchOptions,
      onGeneration,
      now() + options.maxWaitMs,
    );
  };

  async function claimAndFetch(
    ref: ContactRef,
    parts: readonly Part[],
    shared: boolean,
    fetchOptions: FetchOptions,
    onGeneration: (generation: string) => void,
    deadline: number,
    waited: readonly RemoteCall[] = [],
  ): Promise<Fetched> {
    // What is never stored is nothing that another process could find.
    const claimed = shared ? parts.filter((part) => policy.ttlMs[part] > 0) : [];
    const claim = await store.claim(ref, shared ? withContact(parts) : [], claimed, waited);
    onGeneration(claim.generation);
    const { known, notFound, servable: usable, stale } = classify(claim.entries, parts, now(), policy);
    const fresh = usable.filter((part) => !stale.includes(part));
    const wanted = notFound ? [] : parts.filter((part) => !fresh.includes(part));
    const calls = claim.heldByOthers.filter((call) => call.parts.some((part) => wanted.includes(part)));
    const heldByOthers = wanted.filter((part) => calls.some((call) => call.parts.includes(part)));
    const owned = wanted.filter((part) => !heldByOthers.includes(part));
    const landed = Promise.allSettled(calls.map((call) => call.completed(fetchOptions.signal)));
    const own = await fetchOwned(ref, owned, claim, fetchOptions);
    if (notFound) return { entries: { contact: notFound }, stored: true };
    const found = Object.fromEntries(fresh.map((part) => [part, known[part]]));
    const fetched = { ...own, entries: mergeEntries(found, own.entries) };
    if (heldByOthers.length === 0 || 'failure' in own) return fetched;
    const failed = (await landed).find((one) => one.status === 'rejected');
    if (failed) return { ...fetched, failure: failed.reason as unknown };
    if (now() > deadline) return { ...fetched, failure: new AppError('UPSTREAM_TIMEOUT') };
    const rest = await claimAndFetch(ref, heldByOthers, shared, fetchOptions, onGeneration, deadline, calls);
    return {
      ...rest,
      entries: mergeEntries(fetched.entries, rest.entries),
      stored: own.stored || rest.stored,
    };
  }

  /**
   * Makes the call that was claimed, if any is left to make, and ends the claim. That is not waited for: no
   * answer gets better by it, and whoever reads after it reads what it stored.
   */
  async function fetchOwned(
    ref: ContactRef,
    parts: readonly Part[],
    claim: FetchLease,
    fetchOptions: FetchOptions,
  ): Promise<Fetched> {
    if (parts.length === 0) {
      claim.store([]).catch(options.onStoreFailure);
      return { entries: {}, stored: true };
    }
    let entries: Entries;
    try {
      entries = await callUpstream(ref, parts, fetchOptions);
    } catch (error) {
      claim.fail(error).catch(options.onStoreFailure);
      return { entries: {}, stored: false, failure: error };
    }
    const changes = changesFor(entries);
    claim.store(changes).catch(options.onStoreFailure);
    return { entries, stored: claim.canStore && changes.some(({ entry }) => entry) };
  }

  async function callUpstream(
    ref: ContactRef,
    parts: readonly Part[],
    fetchOptions: FetchOptions,
  ): Promise<Entries> {
    const fetchedAt = now();
    try {
      const bytes = await fetchParts({ ...ref, parts }, fetchOptions);
      const arrivedAt = now();
      const entries: Partial<Record<Part, Entry>> = {};
      for (const part of PARTS) {
        const found = bytes[part];
        if (found)
          entries[part] = {
            bytes: found,
            contentHash: contentHash(found),
            fetchedAt,
            staleAt: arrivedAt + jittered(policy.ttlMs[part], random),
          };
      }
      return entries;
    } catch (error) {
      // Not-found is an answer like any other: it is stored, and replaces what was known before.
      if (!isAppError(error, 'CONTACT_NOT_FOUND')) throw error;
      const staleAt = now() + policy.negativeTtlMs;
      return { contact: { bytes: 'not-found', contentHash: '', fetchedAt, staleAt } };
    }
  }

  function changesFor(answered: Entries): Change[] {
    const changes: Change[] = [];
    const gone = answered.contact?.bytes === 'not-found';
    for (const part of PARTS) {
      const entry = answered[part];
      if (entry && (gone ? policy.negativeTtlMs : policy.ttlMs[part]) > 0)
        changes.push({ part, entry, retentionMs: retentionMs(entry, now(), policy) });
      // What is answered and not to be kept contradicts what was kept: above all that there is no such contact.
      else if (gone || (entry && part === 'contact'))
        changes.push({ part, entry: undefined, retentionMs: 0 });
    }
    return changes;
  }
}

/** `contact` is read whatever was asked for: it is where a contact that does not exist is remembered. */
export function withContact(parts: readonly Part[]): readonly Part[] {
  return parts.includes('contact') ? parts : ['contact', ...parts];
}
