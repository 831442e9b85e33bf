/**
 * Returns whether an `Origin` (RFC 6454) names the host that the request was sent to. Does not compare the
 * scheme, because TLS may end at a proxy. Returns false for `null` and for any text that is not a single
 * serialized origin.
 */
export function isOwnOrigin(origin: string, host: string | undefined): boolean {
  const page = URL.parse(origin);
  if (!page || page.origin !== origin.toLowerCase() || !/^https?:$/.test(page.protocol)) return false;
  return host !== undefined && page.host === URL.parse(`${page.protocol}//${host}`)?.host;
}
