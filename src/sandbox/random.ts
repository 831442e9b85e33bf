/** Creates a mulberry32 generator: the same seed gives the same numbers on every machine. */
export function randomFrom(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    below,
    chance: (probability: number): boolean => next() < probability,
    pick: <T>(from: readonly T[]): T => from[below(from.length)]!,
    uuid: (): string => {
      const hex = Array.from({ length: 32 }, () => below(16).toString(16));
      hex[12] = '4';
      hex[16] = (8 + below(4)).toString(16);
      return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    },
    /** Returns a time as `YYYY-MM-DD HH:MM:SS`, within two years before 2025-06-01. */
    time: (): string =>
      new Date(Date.UTC(2025, 5, 1) - below(730 * 86_400) * 1000)
        .toISOString()
        .slice(0, 19)
        .replace('T', ' '),
  };
}

export type Random = ReturnType<typeof randomFrom>;
