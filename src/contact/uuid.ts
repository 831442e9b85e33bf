/** What `parseUuid` takes, for descriptions. */
export const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

const [DASH, ZERO, NINE, UPPER_A, UPPER_F, LOWER_A, LOWER_F] = [45, 48, 57, 65, 70, 97, 102] as const;

/**
 * The one way an identifier enters the program: lower-cased, or undefined where it is no UUID string. Any
 * version will do, since the upstream's own example is of a version of its own (RFC 9562 section 4). What
 * comes out is 36 characters of hex and dashes, so it cannot break out of a cache key or a log line.
 */
export function parseUuid(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length !== 36) return undefined;
  // Every request brings one, and a pattern takes five times as long.
  let upper = false;
  for (let at = 0; at < 36; at += 1) {
    const code = value.charCodeAt(at);
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (code !== DASH) return undefined;
    } else if (code >= UPPER_A && code <= UPPER_F) upper = true;
    else if (!(code >= ZERO && code <= NINE) && !(code >= LOWER_A && code <= LOWER_F)) return undefined;
  }
  return upper ? value.toLowerCase() : value;
}
