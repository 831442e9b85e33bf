import { contentHash } from '../../src/lib/content-hash.ts';
import { PARTS } from '../../src/contact/parts/index.ts';
import type { Entries, Entry, FetchLease, PartStore } from '../../src/cache/part-store.ts';
import { change, storeIn } from '../support/changes.ts';
import { UNSTAMPED } from '../support/stamped.ts';
import { describeFence } from './fence.ts';

/**
 * Describes the contract of every `PartStore`.
 *
 * @param open opens a store; `now` is the clock of the store.
 */
export function describePartStore(
  name: string,
  open: () => Promise<{ store: PartStore; wait(ms: number): Promise<void>; now(): number }>,
): void {
  describe(`${name} part store`, () => {
    let store: PartStore;
    let wait: (ms: number) => Promise<void>;
    let now: () => number;
    let ref: { org: string; member: string; contact: string };
    let startedAt: number;

    function entry(text: string): Entry {
      const bytes = Buffer.from(text);
      return {
        bytes,
        contentHash: contentHash(bytes),
        fetchedAt: startedAt - 500,
        staleAt: startedAt + 59_500,
        ...UNSTAMPED,
      };
    }

    /** Expects exactly these entries, with ages within the tolerance of the test. */
    function expectEntries(actual: Entries, expected: Entries): void {
      expect(contentOf(actual)).toEqual(contentOf(expected));
      // The store keeps whole milliseconds.
      const slackMs = now() - startedAt + 2;
      for (const part of PARTS) {
        for (const time of ['fetchedAt', 'staleAt'] as const) {
          const [is, was] = [actual[part]?.[time] ?? 0, expected[part]?.[time] ?? 0];
          expect(is).toBeGreaterThanOrEqual(was - slackMs);
          expect(is).toBeLessThanOrEqual(was + 2);
        }
      }
    }

    async function claimAndStore(text: string): Promise<FetchLease> {
      const claim = await store.claim(ref, ['contact'], ['contact']);
      await storeIn(claim, [change('contact', entry(text))]);
      return claim;
    }
    const contactOf = async () => (await store.read(ref, ['contact'])).entries.contact?.bytes.toString();

    beforeEach(async () => {
      const opened = await open();
      store = opened.store;
      wait = (ms) => opened.wait(ms);
      now = () => opened.now();
      startedAt = now();
      ref = { org: crypto.randomUUID(), member: crypto.randomUUID(), contact: crypto.randomUUID() };
    });

    test('reads nothing for a contact that was never claimed', async () => {
      const { generation, entries } = await store.read(ref, ['contact', 'notes']);
      expect([generation, entries]).toEqual([undefined, {}]);
    });

    test('gives all claims of a contact the same generation', async () => {
      const claims = await Promise.all([
        store.claim(ref, [], []),
        store.claim(ref, [], ['notes']),
        store.claim(ref, ['contact'], []),
      ]);
      await Promise.all(claims.map((claim) => claim.store([])));
      expect(claims[0]?.generation).toMatch(/^\S{8,}$/);
      expect(new Set(claims.map((one) => one.generation)).size).toBe(1);
      expect((await store.read(ref, ['notes'])).generation).toBe(claims[0]?.generation);
    });

    test('returns the stored bytes unchanged, and only the requested parts', async () => {
      const claim = await store.claim(ref, [], []);
      const binary = {
        bytes: Buffer.from([0, 255, 10, 13, 34, 0xe2, 0x82, 0xac]),
        contentHash: 'abcdefghijklmno_',
        fetchedAt: startedAt - 123.4,
        staleAt: startedAt + 45_678.9,
        ...UNSTAMPED,
      };
      await storeIn(claim, [
        change('contact', entry('{"a":1}')),
        change('notes', binary),
        change('entity', entry('null')),
      ]);
      const { entries } = await store.read(ref, ['notes', 'entity', 'profile']);
      expectEntries(entries, { notes: binary, entity: entry('null') });
    });

    test('stores a not-found', async () => {
      const claim = await store.claim(ref, [], []);
      const notFound: Entry = {
        bytes: 'not-found',
        contentHash: '',
        fetchedAt: startedAt,
        staleAt: startedAt + 10_000,
        ...UNSTAMPED,
      };
      await storeIn(claim, [change('contact', notFound)]);
      expectEntries((await store.read(ref, ['contact'])).entries, { contact: notFound });
    });

    test('removes and replaces entries', async () => {
      const claim = await store.claim(ref, [], []);
      await storeIn(claim, [change('contact', entry('1')), change('notes', entry('2'))]);
      const later = await store.claim(ref, [], []);
      await storeIn(later, [change('contact', entry('3')), change('notes', undefined)]);
      expectEntries((await store.read(ref, ['contact', 'notes'])).entries, { contact: entry('3') });
    });

    test('drops an entry after its retention', async () => {
      const claim = await store.claim(ref, [], []);
      await storeIn(claim, [change('contact', entry('1'), 1500), change('notes', entry('2'), 60_000)]);
      expect((await store.read(ref, ['contact', 'notes'])).entries).toHaveProperty('contact');
      await wait(1550);
      expectEntries((await store.read(ref, ['contact', 'notes'])).entries, { notes: entry('2') });
    });

    test('invalidates the entries of all members, and of no other contact', async () => {
      const other = { ...ref, member: crypto.randomUUID() };
      const neighbour = { ...ref, contact: crypto.randomUUID() };
      for (const one of [ref, other, neighbour]) {
        const claim = await store.claim(one, [], []);
        await storeIn(claim, [change('contact', entry('old'))]);
      }
      await store.invalidate(ref.org, ref.contact);
      for (const one of [ref, other]) expect((await store.claim(one, ['contact'], [])).entries).toEqual({});
      expectEntries((await store.read(neighbour, ['contact'])).entries, { contact: entry('old') });
    });

    test('never reads a result that was claimed before an invalidation', async () => {
      const before = await store.claim(ref, [], []);
      await store.invalidate(ref.org, ref.contact);
      await storeIn(before, [change('contact', entry('old'))]);
      expect((await store.read(ref, ['contact'])).entries).toEqual({});
      const after = await store.claim(ref, ['contact'], ['contact']);
      expect(after.generation).not.toBe(before.generation);
      expect(after.entries).toEqual({});
      await storeIn(after, [change('contact', entry('new'))]);
      await storeIn(before, [change('contact', entry('old')), change('notes', entry('old'))]);
      expectEntries((await store.read(ref, ['contact', 'notes'])).entries, { contact: entry('new') });
    });

    test('shares nothing between members, organizations or contacts', async () => {
      const claim = await store.claim(ref, [], []);
      await storeIn(claim, [change('contact', entry('mine'))]);
      for (const name of ['org', 'member', 'contact'] as const) {
        const stranger = { ...ref, [name]: crypto.randomUUID() };
        expect((await store.claim(stranger, ['contact'], [])).entries).toEqual({});
      }
    });

    describe('orders calls by their claims', () => {
      test('does not store a part over one of a later call, in whatever order the calls end', async () => {
        const [older, newer] = [
          await store.claim(ref, [], ['notes']),
          await store.claim(ref, [], ['entity']),
        ];
        expect(newer.number).toBeGreaterThan(older.number);
        await storeIn(newer, [change('contact', entry('new')), change('entity', entry('new'))]);
        await storeIn(older, [change('contact', entry('old')), change('notes', entry('old'))]);
        const { entries } = await store.read(ref, ['contact', 'notes', 'entity']);
        expectEntries(entries, { contact: entry('new'), notes: entry('old'), entity: entry('new') });
      });

      test('stores a part over one of an earlier call', async () => {
        const [older, newer] = [await store.claim(ref, [], []), await store.claim(ref, [], [])];
        await storeIn(older, [change('contact', entry('old'))]);
        await storeIn(newer, [change('contact', entry('new'))]);
        expectEntries((await store.read(ref, ['contact'])).entries, { contact: entry('new') });
      });

      test('returns the number and the generation of the call with each entry', async () => {
        const claim = await store.claim(ref, [], []);
        await storeIn(claim, [change('contact', entry('1'))]);
        const { generation, entries } = await store.read(ref, ['contact']);
        expect(entries.contact).toMatchObject({ generation, number: claim.number });
      });

      test('returns contact beside other parts if it is not found', async () => {
        const claim = await store.claim(ref, [], []);
        const notFound: Entry = { ...entry(''), bytes: 'not-found', contentHash: '' };
        await storeIn(claim, [change('contact', notFound)]);
        expect((await store.read(ref, ['notes'])).entries.contact?.bytes).toBe('not-found');
      });
    });

    describeFence(() => ({ store, ref, wait, claimAndStore, contactOf, entry }));
  });
}

function contentOf(entries: Entries) {
  return Object.fromEntries(
    Object.entries(entries).map(([part, { bytes, contentHash: hash }]) => [part, { bytes, hash }]),
  );
}
