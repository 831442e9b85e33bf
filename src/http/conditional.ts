/** Weak comparison (RFC 9110 section 8.8.3.2) of an `If-None-Match` (section 13.1.2) with an entity tag. */
export function ifNoneMatchHolds(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  // As clients that have one answer send it.
  if (header === etag) return true;
  if (header.trim() === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  for (const [, tag] of header.matchAll(/(?:W\/)?("[\x21\x23-\x7E\x80-\xFF]*")/g)) {
    if (tag === opaque) return true;
  }
  return false;
}
