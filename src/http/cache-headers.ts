import type { CacheOutcome, CacheResult } from '../contact/read-contact.ts';

const CACHE_NAME = 'zyntro-bff';

/** Returns the `Cache-Status` of a response (RFC 9211 section 2). */
export function cacheStatus({ result, ttlS, stored, collapsed }: CacheOutcome): string {
  if (result === 'hit') return `${CACHE_NAME}; hit; ttl=${ttlS}`;
  if (result === 'stale') return `${CACHE_NAME}; hit; ttl=${ttlS}; detail=stale`;
  // `request`: forwarded because of the caller's `Cache-Control`.
  const reason = result === 'bypass' ? 'request' : result;
  return `${CACHE_NAME}; fwd=${reason}${stored ? '; stored' : ''}${collapsed ? '; collapsed' : ''}`;
}

const WORST_FIRST: readonly CacheResult[] = ['bypass', 'miss', 'partial', 'stale', 'hit'];

/** Combines the outcomes of a batch: as fresh as the stalest one, and partial if only some were misses. */
export function combineOutcomes(outcomes: readonly CacheOutcome[]): CacheOutcome | undefined {
  if (outcomes.length === 0) return undefined;
  const results = new Set(outcomes.map((one) => one.result));
  const worst = WORST_FIRST.find((result) => results.has(result))!;
  const mixed = worst === 'miss' && results.size > 1;
  return {
    result: mixed ? 'partial' : worst,
    ttlS: Math.min(...outcomes.map((one) => one.ttlS)),
    stored: outcomes.some((one) => one.stored),
    collapsed: outcomes.every((one) => one.collapsed),
  };
}

const REVALIDATE_EVERY_USE = 'private, no-cache';

/**
 * The `Cache-Control` of a response. Clients subtract `Age` from `max-age` (RFC 9111 section 4.2), so
 * `max-age` is `Age` plus the seconds that a client may keep the response.
 *
 * @param ttlS freshness left of the shortest-lived part, in seconds; negative once stale.
 * @param ageS the `Age` of the same response.
 * @param clientMaxAgeS bound on the time that clients keep a response; 0 makes them revalidate every use.
 */
export function clientCacheControl(ttlS: number, ageS: number, clientMaxAgeS: number): string {
  if (clientMaxAgeS === 0) return REVALIDATE_EVERY_USE;
  return `private, max-age=${ageS + Math.max(0, Math.min(ttlS, clientMaxAgeS))}`;
}
