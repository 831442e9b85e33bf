import { InvalidationJournal } from '../../src/cache/invalidation-journal.ts';
import { decodeInvalidation, encodeInvalidation } from '../../src/cache/invalidation-message.ts';
import { generationKey } from '../../src/cache/part-key.ts';

const HOUR_MS = 3_600_000;
const clock = { now: 0 };
const newJournal = (limits?: { maxItems?: number; maxFences?: number }) => {
  clock.now = 0;
  return new InvalidationJournal(() => clock.now, limits);
};
const closing = (token: string, closeMs = HOUR_MS) => [{ token, closeMs }];
const contactsOf = (journal: InvalidationJournal) => journal.items().map(({ contact }) => contact);

test('keeps an open fence when invalidations overflow, and after a minute', () => {
  const journal = newJournal({ maxItems: 3 });
  journal.record('o', 'closed', '', closing('t'));
  for (let contact = 0; contact < 5; contact += 1) journal.record('o', `c${contact}`, '');
  expect(journal.voidsEverything).toBe(true);
  expect(contactsOf(journal)).toEqual(['c2', 'c3', 'c4', 'closed']);
  clock.now = 61_000;
  journal.record('o', 'new', '');
  expect(contactsOf(journal)).toEqual(['new', 'closed']);
  clock.now = HOUR_MS + 1000;
  expect(contactsOf(journal)).toEqual([]);
});

test('does not take expired items for an overflow', () => {
  const journal = newJournal({ maxItems: 2 });
  for (const contact of ['a', 'b']) journal.record('o', contact, '');
  clock.now = 60_000;
  journal.record('o', 'c', '');
  expect(journal.voidsEverything).toBe(false);
});

test('bounds the fences, and has room again when some have ended', () => {
  const journal = newJournal({ maxFences: 2 });
  journal.record('o', 'a', '', closing('one'));
  expect(journal.canClose()).toBe(true);
  journal.record('o', 'a', '', closing('two'));
  expect(journal.canClose()).toBe(false);
  for (const token of ['three', 'four', 'five']) journal.record('o', 'b', '', closing(token));
  expect(journal.get(generationKey('o', 'b'))?.closedUntil.size).toBe(2);
  journal.record('o', 'b', '', closing('three', 0));
  journal.record('o', 'b', '', closing('four', 0));
  expect(journal.canClose()).toBe(false);
  clock.now = HOUR_MS + 1000;
  expect(journal.canClose()).toBe(true);
});

test('carries over the writes that have opened a contact, and closes it for none of them again', () => {
  const journal = newJournal();
  journal.record('o', 'c', '', closing('one'));
  journal.record('o', 'c', '', closing('one', 0));
  journal.record('o', 'c', 'other.1', closing('two'));
  const item = journal.record('o', 'c', 'other.2', closing('one'));
  expect(item.opened).toEqual(['one']);
  expect([...item.closedUntil.keys()]).toEqual(['two']);
});

test('never shortens a fence', () => {
  const journal = newJournal();
  journal.record('o', 'c', '', closing('one', 5000));
  const { closedUntil } = journal.record('o', 'c', '', closing('one', 1000));
  expect(closedUntil.get('one')).toBe(5000);
});

test('publishes and receives the longest fence that can be configured', () => {
  const longestMs = 2 * 120_000 + HOUR_MS;
  const item = newJournal().record('o', 'c', 'p.1', [...closing('one', longestMs), ...closing('two', 0)]);
  expect(decodeInvalidation(encodeInvalidation(item, 0))).toEqual({
    org: 'o',
    contact: 'c',
    reference: 'p.1',
    fences: [
      { token: 'two', closeMs: 0 },
      { token: 'one', closeMs: longestMs },
    ],
  });
});
