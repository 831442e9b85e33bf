/**
 * Matches a UUID of any version and case, because the upstream documents an example with an unassigned version
 * (RFC 9562 section 4).
 */
export const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/**
 * Parses an identifier of a caller. Returns it in lower case, or undefined if the value is not a UUID string.
 * The result is 36 characters of hexadecimal digits and dashes, so it is safe in cache keys and log lines.
 */
export function parseUuid(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length !== 36) return undefined;
  return UUID.test(value) ? value.toLowerCase() : undefined;
}
