/**
 * An identifier as callers may write it: any version, since the upstream's own example is of a version of
 * its own (RFC 9562 section 4).
 */
export const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/**
 * The one way an identifier enters the program: lower-cased, or undefined where it is no UUID string.
 * What comes out is 36 characters of hex and dashes, so it cannot break out of a cache key or a log line.
 */
export function parseUuid(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length !== 36) return undefined;
  return UUID.test(value) ? value.toLowerCase() : undefined;
}
