import { randomFrom } from '../../src/sandbox/random.ts';
import { LruTable } from '../../src/cache/lru-table.ts';
import type { Entry } from '../../src/cache/part-store.ts';
import { changes, entryAt, entryOf, fill, held, org, refOf, REMOVAL } from '../support/table-entries.ts';

/** Stores `contact` of a call. */
const put = (table: LruTable, generation: string, number: number, fetchedAt: number, more = {}) => {
  table.confirm(refOf('c'), { generation, confirmedAt: fetchedAt });
  const entry = { ...entryAt(fetchedAt, Buffer.from(`${generation}${number}`)), generation, number, ...more };
  table.change(refOf('c'), generation, changes(entry));
};
const heldText = (table: LruTable) => held(table, 'c')?.toString();

test('stores a part only over one of a lower number, unless it certainly began first', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  put(table, 'g', 2, 10, { bornBefore: 20 });
  put(table, 'g', 1, 20, { bornBefore: 30 });
  expect(heldText(table)).toBe('g2');
  put(table, 'g', 3, 5, { bornBefore: 30 });
  expect(heldText(table)).toBe('g3');
  put(table, 'g', 4, 1);
  expect(heldText(table)).toBe('g3');
});

test('stores the later of two own calls although a failover gave it a lower number', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  put(table, 'g', 3, 10);
  put(table, 'g', 2, 20);
  expect(heldText(table)).toBe('g2');
  put(table, 'g', 3, 10);
  expect(heldText(table)).toBe('g2');
});

test('keeps the times of an entry that is read again, so that another clock cannot extend its life', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  put(table, 'g', 1, 10, { staleAt: 1000 });
  put(table, 'g', 1, 500, { bornBefore: 505, staleAt: 1490 });
  expect(table.read(refOf('c'), ['contact']).entries.contact).toMatchObject({ fetchedAt: 10, staleAt: 1000 });
});

const floorText = (table: LruTable) => String(table.floor(refOf('c')).contact?.bytes);

test('does not go back to an earlier call when the generation changes', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  put(table, 'local', 1, 100);
  put(table, 'g', 7, 50);
  expect([heldText(table), floorText(table)]).toEqual([undefined, 'local1']);
  put(table, 'g', 8, 150);
  expect([heldText(table), floorText(table)]).toEqual(['g8', 'g8']);
});

test('serves an entry again when its generation is confirmed again', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  put(table, 'g', 1, 100);
  table.unconfirm(org, 'c');
  expect([heldText(table), floorText(table)]).toEqual([undefined, 'g1']);
  table.confirm(refOf('c'), { generation: 'g', confirmedAt: 200 });
  expect(heldText(table)).toBe('g1');
});

test('keeps an entry that a response has shown, and serves it when it is stored', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  put(table, 'g', 7, 7);
  const contact = { ...entryAt(8, Buffer.from('g8')), generation: 'g' };
  table.show(refOf('c'), { contact });
  expect([heldText(table), floorText(table)]).toEqual([undefined, 'g8']);
  put(table, 'g', 7, 7);
  expect(heldText(table)).toBeUndefined();
  put(table, 'g', 8, 8);
  expect(heldText(table)).toBe('g8');
});

test('does not go back behind a part that Redis has lost', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  put(table, 'g', 2, 100);
  table.change(refOf('c'), 'g', REMOVAL);
  put(table, 'g', 1, 50);
  expect([heldText(table), floorText(table)]).toEqual([undefined, 'g2']);
  put(table, 'g', 2, 100);
  expect(heldText(table)).toBe('g2');
});

test('serves an entry whose call began after the given time although its generation is not confirmed', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  const readAfter = (after: number) => table.read(refOf('c'), ['contact', 'notes'], after).entries;
  table.confirm(refOf('c'), { generation: 'g', confirmedAt: -Infinity });
  table.change(refOf('c'), 'g', [
    { part: 'contact', entry: entryAt(100), retentionMs: 60_000 },
    { part: 'notes', entry: entryAt(200), retentionMs: 60_000 },
  ]);
  expect(Object.keys(readAfter(99))).toEqual(['contact', 'notes']);
  expect(Object.keys(readAfter(100))).toEqual(['notes']);
  table.confirm(refOf('c'), { generation: 'g', confirmedAt: 300 });
  expect(Object.keys(readAfter(299))).toEqual(['contact', 'notes']);
  expect(readAfter(300)).toEqual({});
});

test('keeps an expired entry as a floor as long as an earlier call may take', () => {
  let now = 0;
  const table = new LruTable({ maxBytes: 100_000, now: () => now, floorMs: 50 });
  fill(table, 'c', Buffer.from('1'), 100);
  now = 149;
  expect([heldText(table), floorText(table)]).toEqual([undefined, '1']);
  now = 150;
  expect([heldText(table), floorText(table)]).toEqual([undefined, 'undefined']);
});

test('returns an entry only under its generation, until it expires or is removed', () => {
  let now = 0;
  const table = new LruTable({ maxBytes: 100_000, now: () => now });
  fill(table, 'one', Buffer.from('1'), 100);
  now = 99;
  expect(held(table, 'one')).toEqual(Buffer.from('1'));
  now = 100;
  expect(held(table, 'one')).toBeUndefined();
  const refill = (text: string, number: number) =>
    table.change(refOf('one'), 'g', changes({ ...entryOf(Buffer.from(text)), number }));
  refill('2', 2);
  table.change(refOf('one'), 'another', changes(entryOf(Buffer.from('x'))));
  expect(held(table, 'one')).toEqual(Buffer.from('2'));
  refill('3', 3);
  table.change(refOf('one'), 'g', REMOVAL);
  expect(held(table, 'one')).toBeUndefined();
});

test('copies bytes instead of keeping a slice of a shared pool', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  const slab = Buffer.alloc(8192, 'x');
  fill(table, 'one', slab.subarray(10, 20));
  const bytes = held(table, 'one') as Buffer;
  slab.fill('y');
  expect(bytes.toString()).toBe('x'.repeat(10));
  expect(bytes.buffer.byteLength).toBe(10);
});

const sharedBy = (name: string) => ({ ...refOf('shared'), member: name });

test('keeps separate entries per member, and invalidates them together', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  const members = ['one', 'two', 'three'];
  for (const name of members) {
    table.confirm(sharedBy(name), { generation: 'g', confirmedAt: 0 });
    table.change(sharedBy(name), 'g', changes(entryOf(Buffer.from(name))));
  }
  const seen = () =>
    members.map((name) => table.read(sharedBy(name), ['contact']).entries.contact?.bytes.toString());
  expect(seen()).toEqual(members);
  expect(table.read(sharedBy('four'), ['contact']).entries).toEqual({});
  // Removing the first member does not affect the others.
  table.change(sharedBy('one'), 'g', REMOVAL);
  expect(seen()).toEqual([undefined, 'two', 'three']);
  table.unconfirm(org, 'shared');
  expect(seen()).toEqual([undefined, undefined, undefined]);
  expect(table.read(sharedBy('two'), ['contact']).generation).toBeUndefined();
});

test('does not serve entries of the previous generation when any member confirms a new one', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  fill(table, 'one', Buffer.from('old'));
  table.confirm({ ...refOf('one'), member: 'another' }, { generation: 'h', confirmedAt: 1 });
  expect(held(table, 'one')).toBeUndefined();
});

test('reports the bytes of the stored entries after any sequence of changes', () => {
  const table = new LruTable({ maxBytes: 50_000, now: () => 0 });
  const random = randomFrom(7);
  for (let step = 0; step < 5000; step += 1) {
    const ref = {
      org: `org-${random.below(2)}`,
      member: `m-${random.below(3)}`,
      contact: `c-${random.below(9)}`,
    };
    const generation = `g-${random.below(2)}`;
    const change = random.below(8);
    if (change === 0) table.unconfirm(ref.org, ref.contact);
    else if (change === 1) table.change(ref, generation, REMOVAL);
    else {
      table.confirm(ref, { generation, confirmedAt: step });
      const bytes = Buffer.alloc(random.below(8000));
      table.change(ref, generation, [{ part: 'notes', entry: entryOf(bytes), retentionMs: 1000 }]);
    }
    expect(table.bytes).toBeLessThanOrEqual(50_000);
  }
});

test('serves no parts of calls before a not-found, and keeps their order', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  const change = (part: 'contact' | 'notes' | 'entity', entry: Entry | undefined) =>
    table.change(refOf('c'), 'g', [{ part, entry, retentionMs: 60_000 }]);
  table.confirm(refOf('c'), { generation: 'g', confirmedAt: 0 });
  change('entity', entryAt(1));
  change('notes', entryAt(3));
  change('contact', entryAt(2, 'not-found'));
  change('contact', undefined);
  const { entries } = table.read(refOf('c'), ['contact', 'notes', 'entity']);
  expect(Object.keys(entries)).toEqual(['notes']);
  // After the contact was found again, no earlier call than the first one may be shown.
  change('contact', entryAt(4));
  expect(table.floor(refOf('c')).entity).toMatchObject({ number: 1, bytes: Buffer.alloc(0) });
  // Redis may still have the removed part.
  change('entity', entryAt(1));
  expect(Object.keys(table.read(refOf('c'), ['entity']).entries)).toEqual([]);
  change('entity', entryAt(4));
  expect(Object.keys(table.read(refOf('c'), ['entity']).entries)).toEqual(['entity']);
});

test('knows the birth of the oldest entry that it serves for a contact', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  const oldest = (after = -Infinity) => table.oldestBirth(org, 'c', after);
  expect(oldest()).toBeUndefined();
  put(table, 'g', 1, 10);
  put(table, 'g', 2, 30);
  const entry = { ...entryAt(20), generation: 'g' };
  table.change({ ...refOf('c'), member: 'other' }, 'g', [{ part: 'notes', entry, retentionMs: 60_000 }]);
  expect(oldest()).toBe(20);
  expect(oldest(40)).toBeUndefined();
});

test('replaces a part with that of a later call to which a failover has given the same number', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  put(table, 'g', 2, 10, { bytes: Buffer.from('undone') });
  put(table, 'g', 2, 20, { bytes: Buffer.from('later') });
  expect(heldText(table)).toBe('later');
});
