import { FifoMap } from '../../src/lib/fifo-map.ts';

test('keeps what was set last, and drops the oldest first', () => {
  const map = new FifoMap<number>(3);
  const held = () => ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => map.get(key));
  ['a', 'b', 'c'].forEach((key, index) => map.set(key, index));
  expect(held()).toEqual([0, 1, 2, undefined, undefined, undefined]);
  map.set('d', 3);
  map.set('e', 4);
  expect(held()).toEqual([undefined, undefined, 2, 3, 4, undefined]);
});

test('keeps a key that was set again for as long as a new one', () => {
  const map = new FifoMap<string>(3);
  for (const [key, value] of ['a1', 'b1', 'a2', 'c1', 'd1']) map.set(key!, value!);
  expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual(['2', undefined, '1', '1']);
  map.set('e', '1');
  expect(map.get('a')).toBeUndefined();
});
