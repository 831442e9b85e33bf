import type { Part } from '../contact/parts.ts';
import { mergeEntries } from './merge-entries.ts';
import type { Entries, Entry } from './part-store.ts';

export interface CachePolicy {
  readonly ttlMs: Readonly<Record<Part, number>>;
  readonly negativeTtlMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

/** What the entries are good for, part by part of a request. Names as in RFC 5861. */
export interface Freshness {
  /** The entries, without those that a later not-found removes. Never an expired not-found. */
  readonly known: Entries;
  /** The fresh entry that says that there is no such contact. */
  readonly notFound: Entry | undefined;
  /** Parts that can be served as they are: fresh, or stale but within stale-while-revalidate. */
  readonly servable: readonly Part[];
  /** Those of `usable` that are stale. */
  readonly stale: readonly Part[];
  /** Parts that need a call first. */
  readonly missing: readonly Part[];
}

/**
 * When the first of the parts goes stale, in milliseconds of a monotonic clock; undefined where one of them is not
 * there or stale already, which takes a judgement.
 */
export function freshUntil(entries: Entries, parts: readonly Part[], now: number): number | undefined {
  let earliest = Infinity;
  for (const part of parts) {
    const entry = entries[part];
    if (!entry || entry.bytes === 'not-found' || entry.staleAt <= now) return undefined;
    if (entry.staleAt < earliest) earliest = entry.staleAt;
  }
  // Fresh, and of no use to who asks for a part: the contact is known not to exist.
  return entries.contact?.bytes === 'not-found' ? undefined : earliest;
}

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
  const usable: Part[] = [];
  const stale: Part[] = [];
  const missing: Part[] = [];
  for (const part of parts) {
    const entry = known[part];
    if (!entry || entry.staleAt + policy.staleWhileRevalidateMs <= now) {
      missing.push(part);
      continue;
    }
    usable.push(part);
    if (entry.staleAt <= now) stale.push(part);
  }
  return { known, notFound: undefined, servable: usable, stale, missing };
}

/** Whether a stale entry may stand in for an answer that the upstream failed to give. */
export function servableOnError(entry: Entry | undefined, now: number, policy: CachePolicy): entry is Entry {
  if (!entry || entry.bytes === 'not-found') return false;
  return now < entry.staleAt + Math.max(policy.staleIfErrorMs, policy.staleWhileRevalidateMs);
}

/** Milliseconds for which an entry may be of use once it is stored. */
export function retentionMs(entry: Entry, now: number, policy: CachePolicy): number {
  const stale =
    entry.bytes === 'not-found' ? 0 : Math.max(policy.staleIfErrorMs, policy.staleWhileRevalidateMs);
  return entry.staleAt + stale - now;
}

/** The most milliseconds for which any entry may be of use. */
export function longestRetentionMs(policy: CachePolicy): number {
  const longestTtlMs = Math.max(policy.negativeTtlMs, ...Object.values(policy.ttlMs));
  return longestTtlMs + Math.max(policy.staleIfErrorMs, policy.staleWhileRevalidateMs);
}

const JITTER = 0.1;

/** Up to a tenth less than the time to live, so that what was fetched together does not expire together. */
export function jittered(ttlMs: number, random: () => number): number {
  return Math.round(ttlMs * (1 - JITTER * random()));
}
