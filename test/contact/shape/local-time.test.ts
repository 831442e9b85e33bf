import { localTimeReader } from '../../../src/contact/shape/local-time.ts';

test.each([
  ['UTC', '2025-01-15 09:30:00', '2025-01-15T09:30:00Z'],
  ['Europe/Berlin', '2025-01-15 09:30:00', '2025-01-15T08:30:00Z'],
  ['Europe/Berlin', '2025-07-15 09:30:00', '2025-07-15T07:30:00Z'],
  ['America/Los_Angeles', '2025-03-09 01:59:59', '2025-03-09T09:59:59Z'],
  ['America/Los_Angeles', '2025-03-09 03:00:00', '2025-03-09T10:00:00Z'],
  ['Asia/Kathmandu', '2024-02-29 00:00:00', '2024-02-28T18:15:00Z'],
  ['Pacific/Kiritimati', '2025-01-01 00:00:00', '2024-12-31T10:00:00Z'],
  ['Europe/Berlin', '9999-12-31 23:59:59', '9999-12-31T22:59:59Z'],
  ['UTC', '0001-01-01 00:00:00', '0001-01-01T00:00:00Z'],
])('converts %s time %s to %s', (timezone, text, iso) => {
  expect(localTimeReader(timezone)(text)).toBe(iso);
});

test('a time that occurs twice is the first one, and a skipped time is after the gap', () => {
  const read = localTimeReader('Europe/Berlin');
  expect(read('2025-10-26 02:30:00')).toBe('2025-10-26T00:30:00Z');
  expect(read('2025-03-30 02:30:00')).toBe('2025-03-30T01:30:00Z');
});

test.each([
  '',
  '2025-01-15',
  '2025-01-15T09:30:00',
  '2025-02-30 00:00:00',
  '2025-01-15 24:00:00',
  '0000-00-00 00:00:00',
  ' 2025-01-15 09:30:00',
])('returns undefined for %j, which is not a valid time', (text) => {
  expect(localTimeReader('UTC')(text)).toBeUndefined();
  expect(localTimeReader('Europe/Berlin')(text)).toBeUndefined();
});

test.each([
  ['America/New_York', '9999-12-31 23:59:59'],
  ['America/New_York', '0001-01-01 00:00:00'],
  ['Europe/Berlin', '0001-01-01 00:00:00'],
  ['Europe/Berlin', '0025-03-10 11:00:00'],
])('returns undefined for a time of %s that has no form in UTC with four digits: %s', (timezone, text) => {
  expect(localTimeReader(timezone)(text)).toBeUndefined();
});
