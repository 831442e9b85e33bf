/**
 * Returns whether a text has `min` to `max` characters. A character is a code point, as for `minLength` of JSON
 * Schema, and not a code unit, as for `length` of a string.
 */
export function hasCharacters(text: string, min: number, max: number): boolean {
  const count = Array.from(text).length;
  return count >= min && count <= max;
}
