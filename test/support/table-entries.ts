import type { Entry } from '../../src/cache/part-store.ts';

/** Returns an entry of the first call of generation `g`. */
export const entryOf = (bytes: Buffer | 'not-found'): Entry => ({
  bytes,
  contentHash: 'abcdefghijklmno_',
  fetchedAt: 0,
  staleAt: 1000,
  generation: 'g',
  number: 1,
});

/** Returns an entry of the call that began then. */
export const entryAt = (fetchedAt: number, bytes: Entry['bytes'] = Buffer.from('{}')) => ({
  ...entryOf(bytes),
  fetchedAt,
  number: fetchedAt,
});
