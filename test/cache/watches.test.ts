import { Watches } from '../../src/cache/watches.ts';

test('a watch tells what happened to its own key while it was open', () => {
  const watches = new Watches();
  watches.spoil('a');
  const [one, two, other] = [watches.open('a'), watches.open('a'), watches.open('b')];
  expect([one.spoiled, two.spoiled]).toEqual([false, false]);
  watches.spoil('a');
  expect([one.spoiled, two.spoiled, other.spoiled]).toEqual([true, true, false]);
  expect(watches.open('a').spoiled).toBe(false);
});

test('a watch that is closed keeps what it knew, learns nothing more, and may be closed twice', () => {
  const watches = new Watches();
  const [closed, open] = [watches.open('a'), watches.open('a')];
  closed.close();
  closed.close();
  watches.spoil('a');
  expect([closed.spoiled, open.spoiled]).toEqual([false, true]);
  open.close();
  const next = watches.open('a');
  // Closing one of an earlier time takes nothing from those of now.
  open.close();
  watches.spoil('a');
  expect(next.spoiled).toBe(true);
});
