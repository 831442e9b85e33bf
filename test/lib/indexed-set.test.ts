import { IndexedSet } from '../../src/lib/indexed-set.ts';

test('contains the added members that were not removed, in any order', () => {
  const set = new IndexedSet<{ name: string; index: number }>();
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ({ name, index: 0 }));
  for (const member of [a!, b!, c!]) set.add(member);
  set.remove(a!);
  set.add(d!);
  set.remove(c!);
  expect([...set].map(({ name }) => name).toSorted()).toEqual(['b', 'd']);
  set.remove(d!);
  set.remove(b!);
  expect(set.size).toBe(0);
});
