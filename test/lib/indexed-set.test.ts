import { IndexedSet } from '../../src/lib/indexed-set.ts';

test('holds what was added and not removed, whatever the order', () => {
  const bag = new IndexedSet<{ name: string; index: number }>();
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ({ name, index: 0 }));
  for (const member of [a!, b!, c!]) bag.add(member);
  bag.remove(a!);
  bag.add(d!);
  bag.remove(c!);
  expect([...bag].map(({ name }) => name).toSorted()).toEqual(['b', 'd']);
  bag.remove(d!);
  bag.remove(b!);
  expect(bag.size).toBe(0);
});
