import { listElements } from './header-list.ts';

/** The request directives that this cache obeys. All others are ignored. */
export interface CacheDirectives {
  /** Do not serve the response from the cache (RFC 9111 section 5.2.1.4). */
  readonly noCache: boolean;
  /** Do not store the response (RFC 9111 section 5.2.1.5). */
  readonly noStore: boolean;
}

export const NO_DIRECTIVES: CacheDirectives = { noCache: false, noStore: false };

/** Parses the `Cache-Control` of a request. Ignores a directive if it has an argument. */
export function parseCacheDirectives(header: string): CacheDirectives {
  const names = listElements(header).map((directive) => directive.toLowerCase());
  return { noCache: names.includes('no-cache'), noStore: names.includes('no-store') };
}
