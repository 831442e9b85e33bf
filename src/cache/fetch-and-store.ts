import type { FetchOptions, FetchShapedParts } from '../contact/fetch-parts.ts';
import { contentHash } from '../lib/content-hash.ts';
import { PARTS, type Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { AppError, isAppError } from '../errors.ts';
import { jittered, classify, retentionMs, type CachePolicy } from './freshness.ts';
import { mergeEntries } from './merge-entries.ts';
import { withContact } from './with-contact.ts';
import type { RemoteCall, Change, FetchLease, Entries, Entry, PartStore } from './part-store.ts';

export interface FetchAndStoreOptions {
  readonly store: PartStore;
  readonly policy: CachePolicy;
  /** Maximum milliseconds to wait for other processes' calls. */
  readonly maxWaitMs: number;
  /** Called with an error of the store, unless Redis is unreachable. */
  readonly onStoreFailure: (error: unknown) => void;
  /** Milliseconds of a monotonic clock, so that a change of the system clock does not extend an entry's life. */
  readonly now: () => number;
  readonly random: () => number;
}

/** The stamp of a result that is never stored; its birth alone orders it. */
const UNCLAIMED = { generation: '', number: 0 };

/** The relation of a call for missing parts to the store and to other calls. */
export type FetchMode = 'shared' | 'alone' | 'unstored';

export interface Fetched {
  /** The requested parts, and `contact` if an upstream call was made. */
  readonly entries: Entries;
  readonly stored: boolean;
  /** The error that left parts missing from `entries`: a failed call, in this process or another. */
  readonly failure?: unknown;
}

/** One attempt to fetch missing parts. It is repeated for the parts that another process fetched meanwhile. */
interface FetchAttempt {
  readonly ref: ContactRef;
  readonly parts: readonly Part[];
  /** Whether the store is read again, and the call is shared with other processes. */
  readonly isShared: boolean;
  readonly fetchOptions: FetchOptions;
  readonly onGeneration: (generation: string) => void;
  /** Monotonic time, in ms, after which calls of other processes are not waited for again. */
  readonly deadline: number;
  /** The calls of other processes that were waited for. */
  readonly waited: readonly RemoteCall[];
}

/**
 * Creates a function that fetches missing parts: it reads the store again, makes one call for the parts that no
 * other process is fetching, waits for the others, and stores the results under the generation from before the
 * call.
 *
 * Modes: `shared` reads the store again and shares the call with other processes; `alone` makes a separate call
 * and stores the result; `unstored` makes a separate call and does not change the store. `onGeneration` is
 * invoked before the call with the generation under which the results are stored and shared.
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
    if (mode === 'unstored')
      return { entries: await callUpstream(ref, parts, UNCLAIMED, fetchOptions), stored: false };
    const deadline = now() + options.maxWaitMs;
    const isShared = mode === 'shared';
    return claimAndFetch({ ref, parts, isShared, fetchOptions, onGeneration, deadline, waited: [] });
  };

  async function claimAndFetch(attempt: FetchAttempt): Promise<Fetched> {
    const { ref, parts, isShared, fetchOptions } = attempt;
    // Parts that are never stored are not claimed, because another process could not find the result.
    const claimed = isShared ? parts.filter((part) => policy.ttlMs[part] > 0) : [];
    const claim = await store.claim(ref, isShared ? withContact(parts) : [], claimed, attempt.waited);
    attempt.onGeneration(claim.generation);
    const { known, notFound, servable, stale } = classify(claim.entries, parts, now(), policy);
    const fresh = servable.filter((part) => !stale.includes(part));
    const wanted = notFound ? [] : parts.filter((part) => !fresh.includes(part));
    const calls = claim.heldByOthers.filter((call) => call.parts.some((part) => wanted.includes(part)));
    const heldByOthers = wanted.filter((part) => calls.some((call) => call.parts.includes(part)));
    const owned = wanted.filter((part) => !heldByOthers.includes(part));
    const completions = Promise.allSettled(calls.map((call) => call.completed(fetchOptions.signal)));
    const own = await fetchOwned(ref, owned, claim, fetchOptions);
    if (notFound) return { entries: { contact: notFound }, stored: true };
    const found = Object.fromEntries(fresh.map((part) => [part, known[part]]));
    const fetched = { ...own, entries: mergeEntries(found, own.entries) };
    if (heldByOthers.length === 0 || 'failure' in own) return fetched;
    const failed = (await completions).find((one) => one.status === 'rejected');
    if (failed) return { ...fetched, failure: failed.reason as unknown };
    if (now() > attempt.deadline) return { ...fetched, failure: new AppError('UPSTREAM_TIMEOUT') };
    const rest = await claimAndFetch({ ...attempt, parts: heldByOthers, waited: calls });
    return {
      ...rest,
      entries: mergeEntries(fetched.entries, rest.entries),
      stored: own.stored || rest.stored,
    };
  }

  /**
   * Fetches the claimed parts, if any, and ends the claim. Does not wait for the claim to end: the response
   * does not depend on it, and later reads see the stored result.
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
      entries = await callUpstream(ref, parts, claim, fetchOptions);
    } catch (error) {
      claim.fail(error).catch(options.onStoreFailure);
      return { entries: {}, stored: false, failure: error };
    }
    const changes = changesFor(entries);
    claim.store(changes).catch(options.onStoreFailure);
    return { entries, stored: claim.canStore && changes.some(({ entry }) => entry !== undefined) };
  }

  async function callUpstream(
    ref: ContactRef,
    parts: readonly Part[],
    { generation, number }: Pick<FetchLease, 'generation' | 'number'>,
    fetchOptions: FetchOptions,
  ): Promise<Entries> {
    const call = { generation, number, fetchedAt: now() };
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
            ...call,
            staleAt: arrivedAt + jittered(policy.ttlMs[part], random),
          };
      }
      return entries;
    } catch (error) {
      // A not-found is stored like any other result, and replaces the known entries.
      if (!isAppError(error, 'CONTACT_NOT_FOUND')) throw error;
      const staleAt = now() + policy.negativeTtlMs;
      return { contact: { bytes: 'not-found', contentHash: '', ...call, staleAt } };
    }
  }

  function changesFor(results: Entries): Change[] {
    const changes: Change[] = [];
    const isNotFound = results.contact?.bytes === 'not-found';
    for (const part of PARTS) {
      const entry = results[part];
      if (entry && (isNotFound ? policy.negativeTtlMs : policy.ttlMs[part]) > 0)
        changes.push({ part, entry, retentionMs: retentionMs(entry, now(), policy) });
      // A result that is not stored still contradicts the stored entry, above all a not-found.
      else if (isNotFound || (entry && part === 'contact'))
        changes.push({ part, entry: undefined, retentionMs: 0 });
    }
    return changes;
  }
}
