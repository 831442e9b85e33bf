import * as fc from 'fast-check';
import { parseIdempotencyKey } from '../../src/idempotency/parse-idempotency-key.ts';
import { isAppError } from '../../src/errors.ts';

test('returns undefined without the header', () => {
  expect(parseIdempotencyKey(undefined)).toBeUndefined();
});

test.each([
  ['a bare token', '8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['a token with each kind of character', 'aZ0._-', 'aZ0._-'],
  ['a token of 255 characters', 'a'.repeat(255), 'a'.repeat(255)],
  ['a quoted string', '"8e03978e"', '8e03978e'],
  ['a quoted string of 255 characters', `"${'a'.repeat(255)}"`, 'a'.repeat(255)],
  ['a quoted string with spaces, a comma and braces', '" a, b {c}~!"', ' a, b {c}~!'],
  ['escaped quotes and backslashes', '"a\\"b\\\\"', 'a"b\\'],
])('accepts %s', (_what, field, key) => {
  expect(parseIdempotencyKey(field)).toBe(key);
});

test.each([
  ['an empty value', ''],
  ['an empty string', '""'],
  ['a token of 256 characters', 'a'.repeat(256)],
  ['a quoted string of 256 characters', `"${'a'.repeat(256)}"`],
  ['a token with a space', 'a b'],
  ['a token with a slash', 'a/b'],
  ['two tokens', 'a, b'],
  ['two quoted strings', '"a", "b"'],
  ['a quoted string with a parameter', '"a";b=1'],
  ['an open quote', '"a'],
  ['a lone quote', '"'],
  ['a quote inside of a string', '"a"b"'],
  ['an unknown escape', '"a\\n"'],
  ['an escaped end', '"a\\"'],
  ['a control character', '"a\tb"'],
  ['a character beyond ASCII', '"ä"'],
  ['single quotes', "'a'"],
  ['a byte sequence', ':YQ==:'],
  ['a line end after a token', 'a\n'],
])('rejects %s and does not repeat it', (_what, field) => {
  try {
    parseIdempotencyKey(field);
  } catch (error) {
    expect(isAppError(error, 'INVALID_IDEMPOTENCY_KEY')).toBe(true);
    if (field.length > 3) expect(JSON.stringify(error)).not.toContain(field);
    return;
  }
  throw new Error('accepted');
});

test('reads every printable ASCII string that is quoted, and rejects other input only as invalid', () => {
  const printable = fc.stringMatching(/^[ -~]{1,127}$/);
  fc.assert(
    fc.property(printable, (key) => {
      expect(parseIdempotencyKey(`"${key.replaceAll(/["\\]/g, String.raw`\$&`)}"`)).toBe(key);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (field) => {
      try {
        expect(parseIdempotencyKey(field)!.length).toBeGreaterThan(0);
      } catch (error) {
        expect(isAppError(error, 'INVALID_IDEMPOTENCY_KEY')).toBe(true);
      }
    }),
  );
});
