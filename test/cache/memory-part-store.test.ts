import { newMetrics } from '../support/metrics.ts';
import { memoryPartStore } from '../../src/cache/memory-part-store.ts';
import type { Entry } from '../../src/cache/part-store.ts';
import { stamped, UNSTAMPED } from '../support/stamped.ts';

const entry = (size: number): Entry => ({
  bytes: Buffer.alloc(size, 120),
  contentHash: 'abcdefghijklmno_',
  fetchedAt: 0,
  staleAt: 60_000,
  ...UNSTAMPED,
});
const refOf = (contact: number) => ({ org: 'o', member: 'm', contact: String(contact) });

test('stays within the bound and evicts the least recently used entry', async () => {
  const store = memoryPartStore({
    fenceMs: 35_000,
    uncertainMs: 30_000,
    maxBytes: 100_000,
    now: () => 0,
    metrics: newMetrics(),
  });
  for (let contact = 0; contact < 200; contact += 1) {
    const claim = await store.claim(refOf(contact), [], []);
    await claim.store(stamped(claim, [{ part: 'contact', entry: entry(2000), retentionMs: 60_000 }]));
    await store.read(refOf(0), ['contact']);
  }
  const kept: number[] = [];
  for (let contact = 0; contact < 200; contact += 1) {
    if ((await store.read(refOf(contact), ['contact'])).entries.contact) kept.push(contact);
  }
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.length).toBeLessThanOrEqual(50);
  expect(kept).toContain(0);
  expect(kept).toContain(199);
});

test('does not store an entry larger than the bound, and keeps the others', async () => {
  const store = memoryPartStore({
    fenceMs: 35_000,
    uncertainMs: 30_000,
    maxBytes: 10_000,
    now: () => 0,
    metrics: newMetrics(),
  });
  const claim = await store.claim(refOf(1), [], []);
  await claim.store(
    stamped(claim, [
      { part: 'notes', entry: entry(100), retentionMs: 60_000 },
      { part: 'contact', entry: entry(50_000), retentionMs: 60_000 },
    ]),
  );
  expect(Object.keys((await store.read(refOf(1), ['contact', 'notes'])).entries)).toEqual(['notes']);
});

test('copies bytes, so that later writes to the buffer have no effect', async () => {
  const store = memoryPartStore({
    fenceMs: 35_000,
    uncertainMs: 30_000,
    maxBytes: 10_000,
    now: () => 0,
    metrics: newMetrics(),
  });
  const mine = entry(10);
  const claim = await store.claim(refOf(1), [], []);
  await claim.store(stamped(claim, [{ part: 'contact', entry: mine, retentionMs: 60_000 }]));
  (mine.bytes as Buffer).fill(0);
  expect(String((await store.read(refOf(1), ['contact'])).entries.contact?.bytes)).toBe('x'.repeat(10));
});
