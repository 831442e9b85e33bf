import { matches, normalize } from '../../src/operations/lookup-contact/match.ts';

test.each<['email' | 'phone' | 'text', string, string | undefined]>([
  ['email', ' Ada@Example.COM ', 'ada@example.com'],
  ['email', 'ada', undefined],
  ['email', 'a da@example.com', undefined],
  ['email', `${'a'.repeat(65)}@example.com`, undefined],
  ['email', `a@${'b'.repeat(253)}`, undefined],
  ['phone', '+49 (228) 1234-5', '4922812345'],
  ['phone', '123', undefined],
  ['phone', '1'.repeat(21), undefined],
  ['phone', `${' '.repeat(1)}1234${'-'.repeat(40)}`, undefined],
  ['text', 'ab', undefined],
  ['text', ' abc ', 'abc'],
  ['text', 'x'.repeat(201), undefined],
  ['text', '😀x', undefined],
  ['text', '😀xy', '😀xy'],
  ['text', '😀'.repeat(200), '😀'.repeat(200)],
  ['text', '😀'.repeat(201), undefined],
])('%s %j is compared as %j', (kind, given, value) => {
  expect(normalize(kind, given)?.value).toBe(value);
});

test.each<['email' | 'phone', string, Record<string, string | null>, boolean]>([
  ['email', 'ada@example.com', { email: ' ADA@example.com' }, true],
  ['email', 'da@example.com', { email: 'ada@example.com' }, false],
  ['email', 'ada@example.com', { email: null }, false],
  ['phone', '0228 12345', { phone: '(0228) 123-45' }, true],
  ['phone', '22812345', { phone: '022812345' }, false],
  ['phone', '1234', {}, false],
])('%s %j of %j', (kind, given, contact, expected) => {
  expect(matches(normalize(kind, given)!, contact)).toBe(expected);
});
