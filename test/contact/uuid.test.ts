import * as fc from 'fast-check';
import { parseUuid, UUID } from '../../src/contact/uuid.ts';

const hex = fc.constantFrom(...'0123456789abcdefABCDEF'.split(''));
const uuidLike = fc
  .tuple(...[8, 4, 4, 4, 12].map((length) => fc.array(hex, { minLength: length, maxLength: length })))
  .map((groups) => groups.map((group) => group.join('')).join('-'));
/** One character of another kind, at any place. */
const spoiled = fc
  .tuple(uuidLike, fc.nat(35), fc.constantFrom(...'-gG/:@`{_ ０é\0'.split('')))
  .map(([uuid, at, other]) => uuid.slice(0, at) + other + uuid.slice(at + 1));

test('takes what its pattern describes, in lower case, and nothing else', () => {
  fc.assert(
    fc.property(fc.oneof(uuidLike, spoiled, fc.string({ minLength: 30, maxLength: 40 })), (text) => {
      expect(parseUuid(text)).toBe(UUID.test(text) ? text.toLowerCase() : undefined);
    }),
    { numRuns: 5000 },
  );
});

test.each([undefined, null, 36, {}, [], ''])('%j is none', (value) => {
  expect(parseUuid(value)).toBeUndefined();
});
