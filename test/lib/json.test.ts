import * as fc from 'fast-check';
import { hasRepeatedName, parseJson } from '../../src/lib/json.ts';

const digits = (minLength: number, maxLength: number) =>
  fc.stringMatching(new RegExp(`^[1-9][0-9]{${minLength - 1},${maxLength - 1}}$`));
const long = digits(16, 40);
const exponent = fc
  .tuple(digits(1, 5), fc.constantFrom('e', 'E', 'e-', 'E+'), digits(1, 3))
  .map((pieces) => pieces.join(''));
const fraction = fc.tuple(digits(1, 20), digits(16, 30)).map(([whole, part]) => `${whole}.${part}`);
const risky = fc
  .tuple(fc.constantFrom('', '-'), fc.oneof(long, exponent, fraction))
  .map(([sign, number]) => sign + number);
const space = fc.constantFrom('', ' ', '\n\t');

test('preserves a number that a double cannot represent, at any position', () => {
  fc.assert(
    fc.property(risky, space, (number, gap) => {
      for (const [before, after] of [
        ['', ''],
        ['[', ']'],
        ['[1,', ',2]'],
        ['{"a":', '}'],
        ['{"a":"b","c":[[', ']]}'],
      ]) {
        const text = `${before}${gap}${number}${after}`;
        expect(JSON.stringify(parseJson(text))).toBe(text.replace(gap, ''));
      }
    }),
  );
});

test('parses digits in quotes as a string', () => {
  fc.assert(
    fc.property(fc.oneof(risky, fc.uuid(), fc.string()), (text) => {
      const value = { a: text, b: [text, { c: `,${text}` }] };
      expect(parseJson(JSON.stringify(value))).toEqual(value);
    }),
  );
});

test('finds a name that an object has twice, and no other', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (object, value) => {
      const text = JSON.stringify(object);
      expect(hasRepeatedName(text)).toBe(false);
      for (const name of Object.keys(object))
        expect(hasRepeatedName(`{${JSON.stringify(name)} : ${JSON.stringify(value)},${text.slice(1)}`)).toBe(
          true,
        );
    }),
  );
  expect(hasRepeatedName('{"a":{"b":1},"b":{"a":1}}')).toBe(false);
  expect(hasRepeatedName('{"a":[{"b":1},{"b":1,"c":[],"b":2}]}')).toBe(true);
});
