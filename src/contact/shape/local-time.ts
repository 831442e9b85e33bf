const LOCAL_TIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

/**
 * Creates a parser for the upstream's times, which do not have a zone, as wall-clock times of one zone. If a
 * clock change makes a time occur twice, it is the first of the two; if a clock change skips it, it is read
 * with the offset before the gap (RFC 5545 section 3.3.5).
 *
 * @param timezone IANA name.
 * @returns a function that converts to ISO 8601 in UTC (`2025-01-15T09:30:00Z`), or returns undefined if the
 *   text is not a valid time.
 */
export function localTimeReader(timezone: string): (text: string) => string | undefined {
  const offsetAt = timezone === 'UTC' ? () => 0 : offsetsOf(timezone);
  return function readLocalTime(text) {
    if (!LOCAL_TIME.test(text)) return undefined;
    const iso = `${text.slice(0, 10)}T${text.slice(11)}Z`;
    const wall = Date.parse(iso);
    // Date.parse reads 30 February as 2 March, so a date that does not round-trip is invalid.
    if (Number.isNaN(wall) || isoOf(wall) !== iso) return undefined;
    const instant = toInstant(wall, offsetAt);
    if (instant === wall) return iso;
    // `Date.UTC` takes years before 100 for others, and a zone can move a time into the year 10000.
    const shifted = isoOf(instant);
    return Math.abs(instant - wall) < DAY_MS && shifted.length === iso.length ? shifted : undefined;
  };
}

function isoOf(instant: number): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z');
}

const DAY_MS = 86_400_000;

/** Tries the offsets a day before and a day after: they bracket any clock change, so one of them is right. */
function toInstant(wall: number, offsetAt: (instant: number) => number): number {
  const before = offsetAt(wall - DAY_MS);
  const after = offsetAt(wall + DAY_MS);
  if (before === after) return wall - before;
  const fits = [wall - before, wall - after].filter((instant) => instant + offsetAt(instant) === wall);
  return fits.length > 0 ? Math.min(...fits) : wall - before;
}

/** Creates a function that returns the zone's offset from UTC at an instant, in milliseconds. */
function offsetsOf(timezone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return function offsetAt(instant) {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instant)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
  };
}
