import { InvalidationLog } from '../../src/cache/invalidation-log.ts';

test('reports a contact as invalidated only since versions before its invalidation', () => {
  const log = new InvalidationLog();
  log.record('o', 'a');
  const before = log.version;
  expect(log.invalidatedSince(before, 'o', 'a')).toBe(false);
  log.record('o', 'b');
  expect([
    log.invalidatedSince(before, 'o', 'a'),
    log.invalidatedSince(before, 'o', 'b'),
    log.invalidatedSince(before, 'p', 'b'),
  ]).toEqual([false, true, false]);
  log.record('o', 'a');
  expect(log.invalidatedSince(before, 'o', 'a')).toBe(true);
  expect(log.invalidatedSince(log.version, 'o', 'a')).toBe(false);
});

test('reports every contact as invalidated since a version that is no longer remembered', () => {
  const log = new InvalidationLog(10);
  const begun = log.version;
  log.record('o', 'first');
  for (let index = 0; index < 9; index += 1) log.record('o', `contact-${index}`);
  expect(log.invalidatedSince(begun, 'o', 'another')).toBe(false);
  log.record('o', 'one-too-many');
  expect(log.invalidatedSince(begun, 'o', 'first')).toBe(true);
  expect(log.invalidatedSince(begun, 'o', 'another')).toBe(true);
  // Later versions are still exact.
  expect(log.invalidatedSince(1, 'o', 'another')).toBe(false);
  expect(log.invalidatedSince(1, 'o', 'contact-0')).toBe(true);
});

test('reports every contact as invalidated before a gap, and is exact after it', () => {
  const log = new InvalidationLog(10);
  log.record('o', 'before');
  const begun = log.version;
  log.recordAll();
  const after = log.version;
  expect(log.invalidatedSince(begun, 'o', 'another')).toBe(true);
  expect(log.invalidatedSince(after, 'o', 'before')).toBe(false);
  for (let index = 0; index < 10; index += 1) log.record('o', `contact-${index}`);
  expect(log.invalidatedSince(after, 'o', 'another')).toBe(false);
  expect(log.invalidatedSince(after, 'o', 'contact-0')).toBe(true);
  log.record('o', 'one-too-many');
  expect(log.invalidatedSince(after, 'o', 'another')).toBe(true);
});
