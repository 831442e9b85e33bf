import type { Part } from '../contact/parts/index.ts';
import { mergeEntries } from './merge-entries.ts';
import type { Entries, Entry } from './part-store.ts';

export interface CachePolicy {
  readonly ttlMs: Readonly<Record<Part, number>>;
  readonly negativeTtlMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

/** The freshness of the requested parts. Terms as in RFC 5861. */
export interface Freshness {
  /** The entries, without those that a later not-found removes. Never contains an expired not-found. */
  readonly known: Entries;
  /** The fresh not-found entry, if there is one. */
  readonly notFound: Entry | undefined;
  /** Parts that can be served now: fresh, or stale but within stale-while-revalidate. */
  readonly servable: readonly Part[];
  /** The stale parts among `servable`. */
  readonly stale: readonly Part[];
  /** Parts that need an upstream call first. */
  readonly missing: readonly Part[];
}

/**
 * Returns the time at which the first of the parts becomes stale, in milliseconds of a monotonic clock. Returns
 * undefined if a part is missing or already stale; `classify` decides then.
 */
export function freshUntil(entries: Entries, parts: readonly Part[], now: number): number | undefined {
  let earliest = Infinity;
  for (const part of parts) {
    const entry = entries[part];
    if (!entry || entry.bytes === 'not-found' || entry.staleAt <= now) return undefined;
    if (entry.staleAt < earliest) earliest = entry.staleAt;
  }
  // A fresh not-found cannot serve a part.
  return entries.contact?.bytes === 'not-found' ? undefined : earliest;
}

/** Classifies the requested parts as servable, stale or missing. */
export function classify(
  entries: Entries,
  parts: readonly Part[],
  now: number,
  policy: CachePolicy,
): Freshness {
  const known = entries.contact?.bytes === 'not-found' ? mergeEntries(entries) : entries;
  const negative = known.contact;
  if (negative?.bytes === 'not-found') {
    if (negative.staleAt > now) return { known, notFound: negative, servable: [], stale: [], missing: [] };
    return { known: {}, notFound: undefined, servable: [], stale: [], missing: parts };
  }
  const servable: Part[] = [];
  const stale: Part[] = [];
  const missing: Part[] = [];
  for (const part of parts) {
    const entry = known[part];
    if (!entry || entry.staleAt + policy.staleWhileRevalidateMs <= now) {
      missing.push(part);
      continue;
    }
    servable.push(part);
    if (entry.staleAt <= now) stale.push(part);
  }
  return { known, notFound: undefined, servable, stale, missing };
}

/** Returns whether a stale entry may replace a failed upstream call (RFC 5861 section 4). */
export function servableOnError(entry: Entry | undefined, now: number, policy: CachePolicy): entry is Entry {
  if (!entry || entry.bytes === 'not-found') return false;
  return now < entry.staleAt + Math.max(policy.staleIfErrorMs, policy.staleWhileRevalidateMs);
}

/** Returns the milliseconds for which an entry may be used after it is stored. */
export function retentionMs(entry: Entry, now: number, policy: CachePolicy): number {
  const stale =
    entry.bytes === 'not-found' ? 0 : Math.max(policy.staleIfErrorMs, policy.staleWhileRevalidateMs);
  return entry.staleAt + stale - now;
}

/** Returns the maximum of `retentionMs` over all entries that the policy allows. */
export function longestRetentionMs(policy: CachePolicy): number {
  const longestTtlMs = Math.max(policy.negativeTtlMs, ...Object.values(policy.ttlMs));
  return longestTtlMs + Math.max(policy.staleIfErrorMs, policy.staleWhileRevalidateMs);
}

const JITTER = 0.1;

/** Reduces a time to live by up to 10 %, so that parts fetched together do not expire together. */
export function jittered(ttlMs: number, random: () => number): number {
  return Math.round(ttlMs * (1 - JITTER * random()));
}
