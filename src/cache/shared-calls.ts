import type { FetchShapedParts } from '../contact/fetch-parts.ts';
import { PARTS, type Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { fetchAndStore, type Fetched, type FetchAndStoreOptions, type FetchMode } from './fetch-and-store.ts';
import { mergeEntries } from './merge-entries.ts';
import { partKey } from './part-key.ts';
import type { Entries, Entry, Snapshot } from './part-store.ts';
import { SingleFlight, type Begin, type Joined } from './single-flight.ts';

export interface SharedCallsOptions extends FetchAndStoreOptions {
  /** Called with the error of a background refresh. Its callers have already received the stale part. */
  readonly onRefreshFailure: (error: unknown) => void;
}

/** A request's parts and the cached entries that calls can complete or contradict. */
export interface Wanted {
  readonly ref: ContactRef;
  /** All parts of the request. */
  readonly parts: readonly Part[];
  /** The subset of `parts` that needs a call. */
  readonly missing: readonly Part[];
  /** The cached entries. */
  readonly known: Entries;
  readonly snapshot: Snapshot;
}

export interface CallResults {
  /** The known entries merged with the results of all calls: a not-found, or parts. */
  readonly entries: Entries;
  /** The subset of `entries` that the calls returned. */
  readonly fetched: Entries;
  /** The errors that left parts missing or not refreshed; empty if every call succeeded. */
  readonly failures: readonly unknown[];
  readonly stored: boolean;
  /** True if other requests started all of the calls. */
  readonly collapsed: boolean;
}

/**
 * The scope in which a call is shared: all processes, this process without a claim in the store, or not at all.
 * The result of an `unstored` call is not stored either.
 */
type Sharing = 'processes' | 'process' | 'none' | 'unstored';
const ROUNDS: Readonly<Record<FetchMode, readonly Sharing[]>> = {
  shared: ['processes', 'process', 'none'],
  alone: ['none', 'none'],
  unstored: ['unstored'],
};
const MODES: Readonly<Record<Sharing, FetchMode>> = {
  processes: 'shared',
  process: 'alone',
  none: 'alone',
  unstored: 'unstored',
};

/** Creates the functions that share upstream calls between all requests of this process. */
export function sharedCalls(fetchParts: FetchShapedParts, options: SharedCallsOptions) {
  const { now } = options;
  const flights = new SingleFlight<Fetched>(now);
  const fetchMissing = fetchAndStore(fetchParts, options);

  /**
   * Fetches the missing parts. If calls disagree on whether the contact exists, the parts left missing are
   * fetched again until `maxWaitMs` has passed. The call of the last round is not shared and begins after all
   * others, so its result decides.
   */
  async function make(wanted: Wanted, mode: FetchMode, signal: AbortSignal): Promise<CallResults> {
    const { ref, parts, known, snapshot } = wanted;
    const deadline = now() + options.maxWaitMs;
    const failures = new Map<Part, unknown>();
    let [entries, missing, stored, collapsed] = [known, wanted.missing, false, true];
    const isFetched = (part: Part) => entries[part] !== undefined && entries[part] !== known[part];
    const isMissing = (part: Part) =>
      !failures.has(part) && !(wanted.missing.includes(part) ? isFetched(part) : entries[part]);

    for (const sharing of ROUNDS[mode]) {
      const calls = join(ref, missing, snapshot, sharing, 'caller');
      const results = await Promise.all(calls.map(({ flight }) => outcome(flight.wait(signal))));
      for (const [index, result] of results.entries()) {
        const call = calls[index]!;
        collapsed &&= !call.flight.started;
        stored ||= result.stored;
        if (!('failure' in result)) continue;
        for (const part of call.parts) if (!result.entries[part]) failures.set(part, result.failure);
      }
      entries = mergeEntries(entries, ...results.map((result) => result.entries));
      // A result that is not stored leaves no trace.
      if (mode !== 'unstored') entries = options.store.latest(ref, entries);
      missing = entries.contact?.bytes === 'not-found' ? [] : parts.filter(isMissing);
      if (missing.length === 0 || now() > deadline) break;
    }
    for (const part of missing) failures.set(part, disagreement());
    const fetched: Partial<Record<Part, Entry>> = {};
    for (const part of PARTS) if (isFetched(part)) fetched[part] = entries[part]!;
    const unresolved = [...failures].filter(([part]) => !isFetched(part)).map(([, failure]) => failure);
    return { entries, fetched, failures: unresolved, stored, collapsed };
  }

  /** Refreshes stale parts in the background. */
  function refresh(ref: ContactRef, stale: readonly Part[], snapshot: Snapshot): void {
    for (const { flight } of join(ref, stale, snapshot, 'processes', 'refresh')) {
      void outcome(flight.wait(undefined)).then((result) => {
        if (flight.started && 'failure' in result) options.onRefreshFailure(result.failure);
      });
    }
  }

  function join(
    ref: ContactRef,
    missing: readonly Part[],
    snapshot: Snapshot,
    sharing: Sharing,
    purpose: 'caller' | 'refresh',
  ): { flight: Joined<Fetched>; parts: readonly Part[] }[] {
    const byKey = new Map(missing.map((part) => [partKey(ref, part), part]));
    const partsOf = (keys: readonly string[]) => keys.map((key) => byKey.get(key)!);
    const begin: Begin<Fetched> = (keys, signal, onGeneration) =>
      fetchMissing(ref, partsOf(keys), MODES[sharing], { signal, purpose }, onGeneration);
    const keys = [...byKey.keys()];
    const joinable = sharing === 'processes' || sharing === 'process';
    const joined = joinable ? flights.join(keys, snapshot, begin) : flights.unshared(keys, begin);
    return joined.map((flight) => ({ flight, parts: partsOf(flight.keys) }));
  }

  /** Returns whether a call is in flight that a request for this part would join. */
  function isInFlight(ref: ContactRef, part: Part, snapshot: Snapshot): boolean {
    return flights.isInFlight(partKey(ref, part), snapshot);
  }

  return { make, refresh, isInFlight };
}

function disagreement(): AppError {
  return new AppError('UPSTREAM_TIMEOUT', { reason: 'CALLS_DISAGREE' });
}

/** Returns the call's outcome; a rejection becomes a `failure` without entries. Never rejects. */
function outcome(call: Promise<Fetched>): Promise<Fetched> {
  return call.catch((failure: unknown) => ({ entries: {}, stored: false, failure }));
}
