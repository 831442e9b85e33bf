import type { FetchShapedParts } from '../contact/fetch-parts.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { Part } from '../contact/parts.ts';
import type {
  CacheOutcome,
  CacheResult,
  ContactQuery,
  PartBytes,
  ContactParts,
  ReadContact,
  ReadOptions,
} from '../contact/read-contact.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Metrics, PartOutcome } from '../telemetry/metrics.ts';
import { withContact } from './fetch-and-store.ts';
import { freshUntil, classify, servableOnError, type Freshness } from './freshness.ts';
import type { Entries, Entry, Snapshot } from './part-store.ts';
import { sharedCalls, type SharedCallsOptions } from './shared-calls.ts';

export interface CacheOptions extends SharedCallsOptions {
  readonly metrics: Pick<Metrics, 'part' | 'contactRead'>;
}

type Outcome = Omit<CacheOutcome, 'ttlS'>;

const HIT: Outcome = { result: 'hit', stored: false, collapsed: false };
const NOTHING: Snapshot = { generation: undefined, entries: {} };

/**
 * Serves parts from the store, and fetches those that are missing in one call, shared by all who wait for
 * one of them. Stale parts are served while they are refreshed (RFC 5861 section 3), and stand in for a
 * call that failed (section 4).
 */
export function withCache(fetchParts: FetchShapedParts, options: CacheOptions): ReadContact {
  const { store, policy, metrics, now } = options;
  const calls = sharedCalls(fetchParts, options);

  return function readThroughCache(query, readOptions) {
    if (readOptions.bypass) return serveAndFetch(query, readOptions, NOTHING);
    const snapshot = store.read(query, withContact(query.parts));
    return snapshot instanceof Promise
      ? snapshot.then((found) => serve(query, readOptions, found))
      : serve(query, readOptions, snapshot);
  };

  /** Answers at once where all is fresh. */
  function serve(
    query: ContactQuery,
    readOptions: ReadOptions,
    snapshot: Snapshot,
  ): MaybePromise<ContactParts> {
    const { parts } = query;
    const { entries } = snapshot;
    const at = now();
    const staleAt = freshUntil(entries, parts, at);
    if (staleAt === undefined) return serveAndFetch(query, readOptions, snapshot);
    for (const part of parts) metrics.part(part, 'hit');
    report(readOptions, HIT, staleAt - at);
    return pick(entries, parts);
  }

  async function serveAndFetch(
    query: ContactQuery,
    readOptions: ReadOptions,
    snapshot: Snapshot,
  ): Promise<ContactParts> {
    const { parts } = query;
    const { bypass, noStore } = readOptions;
    const judged = classify(snapshot.entries, parts, now(), policy);
    if (judged.notFound) return notFound(judged.notFound, HIT);
    if (judged.missing.length === 0) {
      if (!noStore) calls.refresh(query, judged.stale, snapshot);
      return answer(judged.known, { ...HIT, result: judged.stale.length > 0 ? 'stale' : 'hit' });
    }

    // What is stale already comes along in the call that has to be made anyway.
    const missing = [...judged.missing, ...judged.stale];
    const wanted = { ref: query, parts, missing, known: judged.known, snapshot };
    const mode = noStore ? 'unstored' : bypass ? 'alone' : 'shared';
    const made = await calls.make(wanted, mode, readOptions.signal);
    const { entries, fetched, failures, ...how } = made;
    if (entries.contact?.bytes === 'not-found') return notFound(entries.contact, { result: 'miss', ...how });
    if (failures.length > 0) {
      const covered = (part: Part) => fetched[part] ?? servableOnError(entries[part], now(), policy);
      if (!failures.every(isUpstreamFailure) || !parts.every(covered)) {
        metrics.contactRead('failed', how.collapsed);
        throw failures[0];
      }
      return answer(entries, { result: 'stale', ...how }, fetched);
    }
    return answer(entries, { result: bypass ? 'bypass' : resultOf(judged), ...how }, fetched);

    function answer(from: Entries, outcome: Outcome, fetched: Entries = {}): ContactParts {
      const found = pick(from, parts);
      for (const part of parts) metrics.part(part, partOutcome(part, fetched, found[part]!));
      report(readOptions, outcome, Math.min(...parts.map((part) => found[part]!.staleAt)) - now());
      return found;
    }

    function partOutcome(part: Part, fetched: Entries, served: PartBytes): PartOutcome {
      if (fetched[part]) return bypass ? 'bypass' : 'miss';
      return served.staleAt <= now() ? 'stale' : 'hit';
    }

    function notFound(entry: Entry, outcome: Outcome): never {
      report(readOptions, outcome, entry.staleAt - now());
      throw new AppError('CONTACT_NOT_FOUND');
    }
  }

  function report(readOptions: ReadOptions, { result, stored, collapsed }: Outcome, ttlMs: number): void {
    metrics.contactRead(result, collapsed);
    readOptions.onCacheOutcome({ result, stored, collapsed, ttlS: Math.floor(ttlMs / 1000) });
  }
}

/** Those of the entries that were asked for, each of which is there and has bytes. */
function pick(entries: Entries, parts: readonly Part[]): ContactParts {
  const picked: Partial<Record<Part, PartBytes>> = {};
  for (const part of parts) picked[part] = entries[part] as PartBytes;
  return picked;
}

function resultOf(judged: Freshness): CacheResult {
  return judged.servable.length > 0 ? 'partial' : 'miss';
}

/** Failures that stale-if-error covers: all that are the upstream's, and none that is the caller's. */
function isUpstreamFailure(error: unknown): boolean {
  return isAppError(
    error,
    'UPSTREAM_UNAVAILABLE',
    'UPSTREAM_TIMEOUT',
    'UPSTREAM_BAD_RESPONSE',
    'UPSTREAM_CREDENTIALS_REJECTED',
    'UPSTREAM_EGRESS_REJECTED',
  );
}
