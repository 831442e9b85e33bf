import { memoryFences } from '../../src/cache/memory-fences.ts';

let at = 0;
let ids = 0;
const open = () => memoryFences({ now: () => at, randomId: () => `id${(ids += 1)}` });

test('keeps nothing of a contact that every write has opened', () => {
  const fences = open();
  const [first, second] = [fences.close('o', 'c', 1000), fences.close('o', 'c', 1000)];
  first.open();
  expect([fences.size, fences.generationOf('o', 'c') === undefined]).toEqual([1, false]);
  second.open();
  expect([fences.size, fences.generationOf('o', 'c')]).toEqual([0, undefined]);
});

test('removes fences that have ended without being opened when others are set', () => {
  const fences = open();
  for (let contact = 0; contact < 100; contact += 1) fences.close('o', `c${contact}`, 1000);
  expect(fences.size).toBe(100);
  at += 1001;
  fences.close('o', 'another', 1000);
  expect(fences.size).toBe(1);
});

test('keeps a fence that is still closed although it is older than one that has ended', () => {
  const fences = open();
  fences.close('o', 'long', 5000);
  fences.close('o', 'short', 1000);
  at += 1001;
  fences.close('o', 'another', 1000);
  expect(fences.generationOf('o', 'long')).toBeDefined();
  at += 4000;
  fences.close('o', 'last', 1000);
  expect([fences.size, fences.generationOf('o', 'long')]).toEqual([1, undefined]);
});
