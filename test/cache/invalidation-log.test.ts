import { InvalidationLog } from '../../src/cache/invalidation-log.ts';

test('a contact was invalidated since a moment if it was after it, and no other was', () => {
  const heard = new InvalidationLog();
  heard.record('o', 'a');
  const before = heard.version;
  expect(heard.invalidatedSince(before, 'o', 'a')).toBe(false);
  heard.record('o', 'b');
  expect([
    heard.invalidatedSince(before, 'o', 'a'),
    heard.invalidatedSince(before, 'o', 'b'),
    heard.invalidatedSince(before, 'p', 'b'),
  ]).toEqual([false, true, false]);
  heard.record('o', 'a');
  expect(heard.invalidatedSince(before, 'o', 'a')).toBe(true);
  expect(heard.invalidatedSince(heard.version, 'o', 'a')).toBe(false);
});

test('what is forgotten may have been anybody’s, and never goes unnoticed', () => {
  const heard = new InvalidationLog(10);
  const begun = heard.version;
  heard.record('o', 'first');
  for (let index = 0; index < 9; index += 1) heard.record('o', `contact-${index}`);
  expect(heard.invalidatedSince(begun, 'o', 'another')).toBe(false);
  heard.record('o', 'one-too-many');
  expect(heard.invalidatedSince(begun, 'o', 'first')).toBe(true);
  expect(heard.invalidatedSince(begun, 'o', 'another')).toBe(true);
  // Whoever began after what is forgotten is told exactly.
  expect(heard.invalidatedSince(1, 'o', 'another')).toBe(false);
  expect(heard.invalidatedSince(1, 'o', 'contact-0')).toBe(true);
});
