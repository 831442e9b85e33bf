/** The last second of the year 9999 (RFC 3339). A current time in milliseconds is far above it. */
export const MAX_TIME_S = 253_402_300_799;

/**
 * Returns whether an external value can be a time in seconds since 1970. `JSON.parse` reads 1e400 as Infinity.
 */
export function isPlausibleTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_TIME_S;
}
