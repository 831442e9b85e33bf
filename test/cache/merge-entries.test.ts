import * as fc from 'fast-check';
import { areShown, isLater, isSameCall, mergeEntries, notBehind } from '../../src/cache/merge-entries.ts';
import type { Entries, Entry } from '../../src/cache/part-store.ts';
import { PARTS } from '../../src/contact/parts/index.ts';

const found = (fetchedAt: number): Entry => ({
  bytes: Buffer.from(String(fetchedAt)),
  contentHash: '',
  fetchedAt,
  staleAt: fetchedAt + 60_000,
  generation: '',
  number: 0,
});
const notFound = (fetchedAt: number): Entries => ({ contact: { ...found(fetchedAt), bytes: 'not-found' } });
const times = (entries: Entries) =>
  Object.fromEntries(
    Object.entries(entries).map(([part, { bytes, fetchedAt }]) => [
      part,
      bytes === 'not-found' ? bytes : fetchedAt,
    ]),
  );

test.each<[string, Entries[], Record<string, number | string>]>([
  ['nothing', [], {}],
  ['disjoint parts', [{ notes: found(1) }, { entity: found(2) }], { notes: 1, entity: 2 }],
  ['the later call for one part', [{ contact: found(2) }, { contact: found(1) }], { contact: 2 }],
  ['a later not-found', [{ contact: found(1), notes: found(1) }, notFound(2)], { contact: 'not-found' }],
  ['an earlier not-found', [notFound(1), { contact: found(2) }], { contact: 2 }],
  ['the later of two not-founds', [notFound(3), notFound(1), { notes: found(2) }], { contact: 'not-found' }],
  [
    'a not-found between two calls',
    [{ contact: found(1), notes: found(1) }, notFound(2), { contact: found(3), entity: found(3) }],
    { contact: 3, entity: 3 },
  ],
  ['a later part beside a not-found', [{ ...notFound(1), notes: found(2) }], { notes: 2 }],
  ['an earlier part beside a not-found', [{ ...notFound(2), notes: found(1) }], { contact: 'not-found' }],
])('merges %s', (_name, results, expected) => {
  expect(times(mergeEntries(...results))).toEqual(expected);
  expect(times(mergeEntries(...results.toReversed()))).toEqual(expected);
});

test('merges to the same result in any order, never with both a not-found and a part', () => {
  const part = fc.constantFrom(...PARTS);
  const call = fc.oneof(
    fc.constant(undefined),
    fc.uniqueArray(part).map((parts) => ['contact' as const, ...parts]),
  );
  fc.assert(
    fc.property(fc.array(call, { maxLength: 5 }), (calls) => {
      const results = calls.map((parts, at) =>
        parts ? Object.fromEntries(parts.map((name) => [name, found(at)])) : notFound(at),
      );
      const merged = times(mergeEntries(...results));
      expect(times(mergeEntries(...results.toReversed()))).toEqual(merged);
      if (merged['contact'] === 'not-found') expect(Object.keys(merged)).toEqual(['contact']);
    }),
  );
});

const between = (fetchedAt: number, bornBefore: number): Entry => ({ ...found(fetchedAt), bornBefore });
test.each<[string, Entries, Entries, Record<string, number | string>]>([
  ['keeps a later entry', { notes: found(2) }, { notes: found(1) }, { notes: 2 }],
  ['replaces an earlier entry', { notes: found(1) }, { notes: between(2, 4) }, { notes: 2 }],
  ['adds no part', { notes: found(2) }, { contact: found(3), notes: found(1) }, { notes: 2 }],
  ['adds nothing to no entries', {}, notFound(3), {}],
  [
    'removes an entry of unknown order',
    { notes: found(3), entity: found(3) },
    { notes: between(2, 4) },
    { entity: 3 },
  ],
  [
    'returns a later not-found',
    { contact: found(1), notes: found(1) },
    notFound(2),
    { contact: 'not-found' },
  ],
  ['removes a not-found before a shown part', notFound(1), { notes: found(2) }, {}],
  ['replaces a not-found with a later part', notFound(1), { contact: found(2) }, { contact: 2 }],
  [
    'removes what is of unknown order to a not-found',
    { contact: between(1, 3), notes: found(4) },
    notFound(2),
    { notes: 4 },
  ],
])('%s', (_name, entries, floor, expected) => {
  expect(times(notBehind(entries, floor))).toEqual(expected);
});

test('orders calls to which a failover gave the same number by their births, if their contents differ', () => {
  const numbered = { generation: 'g', number: 2 };
  const undone = { ...found(10), ...numbered, contentHash: 'undone' };
  const later = { ...found(20), ...numbered, contentHash: 'later', bornBefore: 90 };
  expect([isLater(later, undone), isLater(undone, later)]).toEqual([true, false]);
  expect(isSameCall(later, undone)).toBe(false);
  const readAgain = { ...undone, fetchedAt: 20, bornBefore: 90 };
  expect([isLater(readAgain, undone), isSameCall(readAgain, undone)]).toEqual([false, true]);
  const ofUnknownOrder = { ...later, fetchedAt: undone.fetchedAt - 1 };
  expect([isLater(ofUnknownOrder, undone), isSameCall(ofUnknownOrder, undone)]).toEqual([false, false]);
});

test('takes entries as shown only if the comparison with the floor returns them, and the floor has them all', () => {
  const entry = fc.record({
    bytes: fc.oneof(
      { weight: 9, arbitrary: fc.constant<Entry['bytes']>(Buffer.from('1')) },
      fc.constant<Entry['bytes']>('not-found'),
    ),
    contentHash: fc.constantFrom('one', 'other'),
    generation: fc.oneof({ weight: 9, arbitrary: fc.constantFrom('g', 'h') }, fc.constant('')),
    number: fc.nat(2),
    fetchedAt: fc.nat(2),
    staleAt: fc.constant(100),
    bornBefore: fc.constantFrom(undefined, 1, 3),
  });
  const entries = fc.dictionary(fc.constantFrom(...PARTS), entry) as fc.Arbitrary<Entries>;
  let shown = 0;
  fc.assert(
    fc.property(entries, entries, fc.subarray([...PARTS]), (floor, others, known) => {
      // Some entries of the floor again, as read from Redis.
      const again = known.flatMap((part) => (floor[part] ? [[part, { ...floor[part], bornBefore: 4 }]] : []));
      const read: Entries = { ...others, ...Object.fromEntries(again) };
      for (const one of [read, Object.fromEntries(again) as Entries]) {
        if (!areShown(one, floor)) continue;
        if (Object.keys(one).length > 0) shown += 1;
        expect(notBehind(one, floor)).toEqual(one);
        for (const part of PARTS) if (one[part]) expect(isSameCall(one[part], floor[part]!)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
  expect(shown).toBeGreaterThan(100);
});
