/** One element of a list of entity tags (RFC 9110 sections 5.6.1 and 8.8.3). */
const ENTITY_TAG = /[\t ,]*((?:W\/)?"[\x21\x23-\x7E\x80-\xFF]*")[\t ]*(?:,|$)/y;

/** Yields the entity tags of a list up to its first malformed element. */
function* entityTags(list: string): Generator<string> {
  const element = new RegExp(ENTITY_TAG);
  for (let match = element.exec(list); match; match = element.exec(list)) yield match[1]!;
}

/** Compares `If-None-Match` (RFC 9110 section 13.1.2) with an entity tag by weak comparison (section 8.8.3.2). */
export function ifNoneMatchHolds(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  // Most clients send one tag.
  if (header === etag) return true;
  if (header.trim() === '*') return true;
  for (const tag of entityTags(header)) {
    if (tag === etag || tag === `W/${etag}`) return true;
  }
  return false;
}

/**
 * Compares `If-Match` (RFC 9110 section 13.1.1) with the entity tags of the current response, one for each
 * content coding, by strong comparison (section 8.8.3.2). A weak tag never matches.
 */
export function ifMatchHolds(header: string, etags: readonly string[]): boolean {
  if (header.trim() === '*') return true;
  for (const tag of entityTags(header)) if (etags.includes(tag)) return true;
  return false;
}
