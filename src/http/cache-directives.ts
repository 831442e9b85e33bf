/** Directives of a request that this cache obeys; it ignores all others. */
export interface CacheDirectives {
  /** Take nothing from the cache (RFC 9111 section 5.2.1.4). */
  readonly noCache: boolean;
  /** Keep the response out of the cache (RFC 9111 section 5.2.1.5). */
  readonly noStore: boolean;
}

export const NO_DIRECTIVES: CacheDirectives = { noCache: false, noStore: false };

/** A quoted string (RFC 9110 section 5.6.4), which may hold commas and lack its end. */
const QUOTED = /"(?:[^"\\]|\\.)*(?:"|$)/g;

/** Parses the `Cache-Control` of a request. Directives with an argument are unknown here, so they do not count. */
export function parseCacheDirectives(header: string): CacheDirectives {
  const names = header
    .replace(QUOTED, '""')
    .split(',')
    .map((directive) => directive.trim().toLowerCase());
  return { noCache: names.includes('no-cache'), noStore: names.includes('no-store') };
}
