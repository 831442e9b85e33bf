import { EntryTable } from '../../src/cache/entry-table.ts';
import type { Entry } from '../../src/cache/part-store.ts';

const org = crypto.randomUUID();
const member = crypto.randomUUID();
const refOf = (contact: string) => ({ org, member, contact });
const entryOf = (bytes: Buffer | 'not-found'): Entry => ({
  bytes,
  contentHash: 'abcdefghijklmno_',
  fetchedAt: 0,
  staleAt: 1000,
});
const fill = (table: EntryTable, contact: string, bytes: Buffer, keepMs = 60_000) => {
  table.mark(org, contact, { generation: 'g', confirmedAt: 0 });
  table.change(refOf(contact), 'g', [{ part: 'contact', entry: entryOf(bytes), keepMs }]);
};
const held = (table: EntryTable, contact: string) =>
  table.entriesOf(refOf(contact), ['contact'], 'g').contact?.bytes;

test('never takes more than its bound, and lets go of what was used least recently', () => {
  const maxBytes = 1_000_000;
  const table = new EntryTable({ maxBytes, now: () => 0 });
  for (let index = 0; index < 500; index += 1) {
    fill(table, `contact-${index}`, Buffer.alloc(10_000));
    expect(held(table, 'contact-0')).toBeDefined();
    expect(table.bytes).toBeLessThanOrEqual(maxBytes);
  }
  expect(table.bytes).toBeGreaterThan(maxBytes * 0.9);
  expect(held(table, 'contact-1')).toBeUndefined();
  expect(held(table, 'contact-499')).toBeDefined();
});

test('small entries cost what they take beside their bytes, too', () => {
  const table = new EntryTable({ maxBytes: 100_000, now: () => 0 });
  for (let index = 0; index < 10_000; index += 1) fill(table, `contact-${index}`, Buffer.from('{}'));
  const kept = Array.from({ length: 10_000 }, (_, index) => held(table, `contact-${index}`)).filter(Boolean);
  expect(kept.length).toBeLessThan(200);
});

test('what is larger than the bound is not kept, and displaces nothing', () => {
  const table = new EntryTable({ maxBytes: 10_000, now: () => 0 });
  fill(table, 'small', Buffer.from('{}'));
  fill(table, 'large', Buffer.alloc(20_000));
  expect(held(table, 'large')).toBeUndefined();
  expect(held(table, 'small')).toBeDefined();
});

test('keeps nothing where its bound is 0', () => {
  const table = new EntryTable({ maxBytes: 0, now: () => 0 });
  fill(table, 'one', Buffer.from('{}'));
  expect([held(table, 'one'), table.markOf(org, 'one'), table.bytes]).toEqual([undefined, undefined, 0]);
});

test('an entry counts under its own generation, for its own time, until it is taken out', () => {
  let now = 0;
  const table = new EntryTable({ maxBytes: 100_000, now: () => now });
  fill(table, 'one', Buffer.from('1'), 100);
  now = 99;
  expect(held(table, 'one')).toEqual(Buffer.from('1'));
  now = 100;
  expect(held(table, 'one')).toBeUndefined();
  fill(table, 'one', Buffer.from('2'));
  expect(table.entriesOf(refOf('one'), ['contact'], 'another')).toEqual({});
  fill(table, 'one', Buffer.from('3'));
  table.change(refOf('one'), 'g', [{ part: 'contact', entry: undefined, keepMs: 0 }]);
  expect(held(table, 'one')).toBeUndefined();
});

test('keeps bytes of its own, not a slice of a slab that it would keep alive', () => {
  const table = new EntryTable({ maxBytes: 100_000, now: () => 0 });
  const slab = Buffer.alloc(8192, 'x');
  fill(table, 'one', slab.subarray(10, 20));
  const bytes = held(table, 'one') as Buffer;
  slab.fill('y');
  expect(bytes.toString()).toBe('x'.repeat(10));
  expect(bytes.buffer.byteLength).toBe(10);
});
