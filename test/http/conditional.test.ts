import { ifNoneMatchHolds } from '../../src/http/conditional.ts';

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
])('If-None-Match: %j against "abc" is %j', (header, holds) => {
  expect(ifNoneMatchHolds(header, '"abc"')).toBe(holds);
});
