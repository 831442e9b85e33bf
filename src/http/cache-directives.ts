/** The request directives that this cache obeys. All others are ignored. */
export interface CacheDirectives {
  /** Do not serve the response from the cache (RFC 9111 section 5.2.1.4). */
  readonly noCache: boolean;
  /** Do not store the response (RFC 9111 section 5.2.1.5). */
  readonly noStore: boolean;
}

export const NO_DIRECTIVES: CacheDirectives = { noCache: false, noStore: false };

/** A quoted string (RFC 9110 section 5.6.4). It may hold commas, and its closing quote may be missing. */
const QUOTED = /"(?:[^"\\]|\\.)*(?:"|$)/g;

/** Parses the `Cache-Control` of a request. Ignores a directive if it has an argument. */
export function parseCacheDirectives(header: string): CacheDirectives {
  const names = header
    .replace(QUOTED, '""')
    .split(',')
    .map((directive) => directive.trim().toLowerCase());
  return { noCache: names.includes('no-cache'), noStore: names.includes('no-store') };
}
