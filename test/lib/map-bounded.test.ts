import { mapBounded } from '../../src/lib/map-bounded.ts';

test('processes at most `parallelism` items at a time, and keeps their order', async () => {
  const gates = [1, 2, 3].map(() => Promise.withResolvers<string>());
  const begun: number[] = [];
  const mapped = mapBounded([0, 1, 2], 2, (index) => {
    begun.push(index);
    return gates[index]!.promise;
  });
  expect(begun).toEqual([0, 1]);
  gates[1]!.resolve('b');
  await new Promise(setImmediate);
  expect(begun).toEqual([0, 1, 2]);
  gates[2]!.resolve('c');
  gates[0]!.resolve('a');
  expect(await mapped).toEqual(['a', 'b', 'c']);
});

test('rejects with the first failure', async () => {
  const failing = mapBounded([1, 2, 3], 1, async (item) => {
    if (item === 2) throw new Error('failed');
    return item;
  });
  await expect(failing).rejects.toThrow('failed');
});
