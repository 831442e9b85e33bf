/** An element of a list. It may hold quoted strings (RFC 9110 section 5.6.4), whose end may be missing. */
const ELEMENT = /(?:"(?:[^"\\]|\\.?)*(?:"|$)|[^",])+/g;

/** Splits a list of a header field (RFC 9110 section 5.6.1) at the commas that are not in a quoted string. */
export function listElements(header: string): readonly string[] {
  return (header.match(ELEMENT) ?? []).map((element) => element.trim());
}
