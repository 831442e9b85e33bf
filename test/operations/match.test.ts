import { matches, normalize } from '../../src/operations/lookup-contact/match.ts';

test.each<['email' | 'phone' | 'text', string, string | undefined]>([
  ['email', ' Ada@Example.COM ', 'ada@example.com'],
  ['email', 'ada', 'ada'],
  ['email', ' ', undefined],
  ['email', `a@${'b'.repeat(252)}`, `a@${'b'.repeat(252)}`],
  ['email', `a@${'b'.repeat(253)}`, undefined],
  ['phone', '+49 (228) 1234-5', '4922812345'],
  ['phone', '123', '123'],
  ['phone', 'no digits', undefined],
  ['phone', '1'.repeat(20), '1'.repeat(20)],
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
  ['email', 'ada', { email: 'ada@example.com' }, false],
  ['phone', '0228 12345', { phone: '(0228) 123-45' }, true],
  ['phone', '22812345', { phone: '022812345' }, false],
  ['phone', '1234', {}, false],
])('%s %j of %j', (kind, given, contact, expected) => {
  expect(matches(normalize(kind, given)!, contact)).toBe(expected);
});
