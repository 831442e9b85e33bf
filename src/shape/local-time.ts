const LOCAL_TIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

/**
 * Reads the upstream's times, which name no zone, as wall-clock time of one zone.
 *
 * @param timezone IANA name. Where a clock change makes a time happen twice it means the first, where one
 *   skips it the moment after the gap (as RFC 5545 section 3.3.5 has it).
 * @returns a function to ISO 8601 in UTC (`2025-01-15T09:30:00Z`), or undefined for what is no such time.
 */
export function localTimeReader(timezone: string): (text: string) => string | undefined {
  const offsetAt = timezone === 'UTC' ? () => 0 : offsetsOf(timezone);
  return function readLocalTime(text) {
    if (!LOCAL_TIME.test(text)) return undefined;
    const iso = `${text.slice(0, 10)}T${text.slice(11)}Z`;
    const wall = Date.parse(iso);
    // Date.parse takes 30 February for 2 March; what it does not give back was no date.
    if (Number.isNaN(wall) || isoOf(wall) !== iso) return undefined;
    const instant = toInstant(wall, offsetAt);
    return instant === wall ? iso : isoOf(instant);
  };
}

function isoOf(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}

const DAY_MS = 86_400_000;

/** The offsets a day before and after bracket any clock change, so one of them is the right one. */
function toInstant(wall: number, offsetAt: (instant: number) => number): number {
  const before = offsetAt(wall - DAY_MS);
  const after = offsetAt(wall + DAY_MS);
  if (before === after) return wall - before;
  const fits = [wall - before, wall - after].filter((instant) => instant + offsetAt(instant) === wall);
  return fits.length > 0 ? Math.min(...fits) : wall - before;
}

/** Milliseconds that the zone's wall clock is ahead of UTC at an instant. */
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
