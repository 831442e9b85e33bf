import type { CacheOutcome, CacheResult } from '../contact/read-contact.ts';

const CACHE_NAME = 'zyntro-bff';

/** The `Cache-Status` of one answer (RFC 9211 section 2). */
export function cacheStatus({ result, ttlS, stored, collapsed }: CacheOutcome): string {
  if (result === 'hit') return `${CACHE_NAME}; hit; ttl=${ttlS}`;
  if (result === 'stale') return `${CACHE_NAME}; hit; ttl=${ttlS}; detail=stale`;
  // `request`: the caller's own `Cache-Control` had it forwarded.
  const reason = result === 'bypass' ? 'request' : result;
  return `${CACHE_NAME}; fwd=${reason}${stored ? '; stored' : ''}${collapsed ? '; collapsed' : ''}`;
}

const WORST_FIRST: readonly CacheResult[] = ['bypass', 'miss', 'partial', 'stale', 'hit'];

/** One outcome for an answer made of several: as fresh as its stalest, and a mixture is partial. */
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

/** How long a client may keep the answer: what is left of its shortest-lived part. */
export function clientCacheControl(ttlS: number): string {
  return `private, max-age=${Math.max(0, ttlS)}`;
}
