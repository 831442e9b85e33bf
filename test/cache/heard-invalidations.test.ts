import { HeardInvalidations } from '../../src/cache/heard-invalidations.ts';

test('a contact was invalidated since a moment if it was after it, and no other was', () => {
  const heard = new HeardInvalidations();
  heard.note('o', 'a');
  const before = heard.moment;
  expect(heard.since(before, 'o', 'a')).toBe(false);
  heard.note('o', 'b');
  expect([
    heard.since(before, 'o', 'a'),
    heard.since(before, 'o', 'b'),
    heard.since(before, 'p', 'b'),
  ]).toEqual([false, true, false]);
  heard.note('o', 'a');
  expect(heard.since(before, 'o', 'a')).toBe(true);
  expect(heard.since(heard.moment, 'o', 'a')).toBe(false);
});

test('what is forgotten may have been anybody’s, and never goes unnoticed', () => {
  const heard = new HeardInvalidations(10);
  const begun = heard.moment;
  heard.note('o', 'first');
  for (let index = 0; index < 9; index += 1) heard.note('o', `contact-${index}`);
  expect(heard.since(begun, 'o', 'another')).toBe(false);
  heard.note('o', 'one-too-many');
  expect(heard.since(begun, 'o', 'first')).toBe(true);
  expect(heard.since(begun, 'o', 'another')).toBe(true);
  // Whoever began after what is forgotten is told exactly.
  expect(heard.since(1, 'o', 'another')).toBe(false);
  expect(heard.since(1, 'o', 'contact-0')).toBe(true);
});
