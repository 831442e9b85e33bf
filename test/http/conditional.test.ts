import { ifMatchHolds, ifNoneMatchHolds } from '../../src/http/conditional.ts';

test.each<[string | undefined, boolean]>([
  [undefined, false],
  ['', false],
  ['*', true],
  [' * ', true],
  ['"abc"', true],
  ['W/"abc"', true],
  ['"x", W/"y","abc"', true],
  ['"abc-gzip"', false],
  ['abc', false],
  ['"ab"c"', false],
  ['"a,"abc"', false],
  [', "x" ,,\tW/"abc" ,', true],
  ['"a,b", "abc"', true],
  ['w/"abc"', false],
  ['"x", *', false],
])('compares If-None-Match %j with "abc": %j', (header, holds) => {
  expect(ifNoneMatchHolds(header, '"abc"')).toBe(holds);
});

test.each<[string, boolean]>([
  ['*', true],
  [' * ', true],
  ['"abc"', true],
  ['"abc-gzip"', true],
  ['"x", "abc"', true],
  [', "x,y" ,,\t"abc-gzip" ,', true],
  ['', false],
  ['"x"', false],
  ['W/"abc"', false],
  ['w/"abc"', false],
  ['W/"abc", "x"', false],
  ['W/"x", "abc"', true],
  ['abc', false],
  ['x"abc"', false],
  ['"x", *', false],
  ['"abc-br"', false],
])('compares If-Match %j with "abc" and "abc-gzip": %j', (header, holds) => {
  expect(ifMatchHolds(header, ['"abc"', '"abc-gzip"'])).toBe(holds);
});

test('parses 15 kB of separators in linear time', () => {
  expect(ifMatchHolds(', \t'.repeat(5000), ['"abc"'])).toBe(false);
  expect(ifNoneMatchHolds(`${', \t'.repeat(5000)}"abc"`, '"abc"')).toBe(true);
});
