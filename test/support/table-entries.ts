import type { LruTable } from '../../src/cache/lru-table.ts';
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

export const org = crypto.randomUUID();
const member = crypto.randomUUID();
export const refOf = (contact: string) => ({ org, member, contact });
export const fill = (table: LruTable, contact: string, bytes: Buffer, retentionMs = 60_000) => {
  table.confirm(refOf(contact), { generation: 'g', confirmedAt: 0 });
  table.change(refOf(contact), 'g', changes(entryOf(bytes), retentionMs));
};
/** Returns the changes of the contact's own part. */
export const changes = (entry?: Entry, retentionMs = 60_000) => [
  { part: 'contact' as const, entry, retentionMs },
];
export const REMOVAL = changes(undefined, 0);
export const held = (table: LruTable, contact: string) =>
  table.read(refOf(contact), ['contact']).entries.contact?.bytes;
