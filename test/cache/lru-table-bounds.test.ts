import { LruTable } from '../../src/cache/lru-table.ts';
import { fill, held, org } from '../support/table-entries.ts';

test('stays within the bound and evicts the least recently used entry', () => {
  const maxBytes = 1_000_000;
  const table = new LruTable({ maxBytes, now: () => 0 });
  for (let index = 0; index < 500; index += 1) {
    fill(table, `contact-${index}`, Buffer.alloc(10_000));
    expect(held(table, 'contact-0')).toBeDefined();
    expect(table.bytes).toBeLessThanOrEqual(maxBytes);
  }
  expect(table.bytes).toBeGreaterThan(maxBytes * 0.9);
  expect(held(table, 'contact-1')).toBeUndefined();
  expect(held(table, 'contact-499')).toBeDefined();
});

test('counts the overhead of small entries towards the bound', () => {
  const table = new LruTable({ maxBytes: 100_000, now: () => 0 });
  for (let index = 0; index < 10_000; index += 1) fill(table, `contact-${index}`, Buffer.from('{}'));
  const kept = Array.from({ length: 10_000 }, (_, index) => held(table, `contact-${index}`)).filter(Boolean);
  expect(kept.length).toBeLessThan(200);
});

test('does not store an entry larger than the bound, and evicts nothing for it', () => {
  const table = new LruTable({ maxBytes: 10_000, now: () => 0 });
  fill(table, 'small', Buffer.from('{}'));
  fill(table, 'large', Buffer.alloc(20_000));
  expect(held(table, 'large')).toBeUndefined();
  expect(held(table, 'small')).toBeDefined();
});

test('stores nothing when the bound is 0', () => {
  const table = new LruTable({ maxBytes: 0, now: () => 0 });
  fill(table, 'one', Buffer.from('{}'));
  expect(held(table, 'one')).toBeUndefined();
  expect(table.generationOf(org, 'one')).toBeUndefined();
  expect(table.bytes).toBe(0);
});
