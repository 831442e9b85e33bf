import type { FetchShapedParts } from '../contact/fetch-parts.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { Part } from '../contact/parts/index.ts';
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
import { NOTHING } from './contact-entries.ts';
import { freshUntil, classify, servableOnError, type Freshness } from './freshness.ts';
import type { Entries, Entry, Snapshot } from './part-store.ts';
import { sharedCalls, type SharedCallsOptions } from './shared-calls.ts';

export interface CacheOptions extends SharedCallsOptions {
  readonly metrics: Pick<Metrics, 'part' | 'contactRead'>;
}

type Outcome = Omit<CacheOutcome, 'ttlS'>;

const HIT: Outcome = { result: 'hit', stored: false, collapsed: false };

/**
 * Wraps a fetch function with the cache: serves parts from the store, and fetches the missing ones in one call,
 * which concurrent requests share. Serves stale parts while they are refreshed (RFC 5861 section 3) and when a
 * call fails (section 4).
 */
export function withCache(fetchParts: FetchShapedParts, options: CacheOptions): ReadContact {
  const { store, policy, metrics, now } = options;
  const calls = sharedCalls(fetchParts, options);

  return function readThroughCache(query, readOptions) {
    if (readOptions.bypass) return serveAndFetch(query, readOptions, NOTHING);
    const snapshot = store.read(query, query.parts);
    return snapshot instanceof Promise
      ? snapshot.then((found) => serve(query, readOptions, found))
      : serve(query, readOptions, snapshot);
  };

  /** Responds without a promise if all parts are fresh. */
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
    const freshness = classify(snapshot.entries, parts, now(), policy);
    if (freshness.notFound) return notFound(freshness.notFound, HIT);
    if (freshness.missing.length === 0) {
      if (!noStore) calls.refresh(query, freshness.stale, snapshot);
      return respond(freshness.known, { ...HIT, result: freshness.stale.length > 0 ? 'stale' : 'hit' });
    }

    // A call is needed anyway, so it refreshes the stale parts, too. Those that are being refreshed are served as
    // they are: a refresh has the lowest priority, and is dropped first.
    const unrefreshed = freshness.stale.filter((part) => !calls.isInFlight(query, part, snapshot));
    const missing = [...freshness.missing, ...unrefreshed];
    const wanted = { ref: query, parts, missing, known: freshness.known, snapshot };
    const mode = noStore ? 'unstored' : bypass ? 'alone' : 'shared';
    const made = await calls.make(wanted, mode, readOptions.signal);
    const { entries, fetched, failures, ...outcome } = made;
    if (entries.contact?.bytes === 'not-found')
      return notFound(entries.contact, { result: 'miss', ...outcome });
    if (failures.length > 0) {
      const covered = (part: Part) => fetched[part] ?? servableOnError(entries[part], now(), policy);
      if (!failures.every(isUpstreamFailure) || !parts.every(covered)) {
        metrics.contactRead('failed', outcome.collapsed);
        throw failures[0];
      }
      return respond(entries, { result: 'stale', ...outcome }, fetched);
    }
    return respond(entries, { result: bypass ? 'bypass' : resultOf(freshness), ...outcome }, fetched);

    function respond(from: Entries, outcome: Outcome, fetched: Entries = {}): ContactParts {
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

/** Returns the entries of the requested parts; each of them must exist and have bytes. */
function pick(entries: Entries, parts: readonly Part[]): ContactParts {
  const picked: Partial<Record<Part, PartBytes>> = {};
  for (const part of parts) picked[part] = entries[part] as PartBytes;
  return picked;
}

function resultOf(freshness: Freshness): CacheResult {
  return freshness.servable.length > 0 ? 'partial' : 'miss';
}

/**
 * Returns whether stale-if-error covers a failure: it does if the upstream caused it, and not if the caller
 * did.
 */
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
