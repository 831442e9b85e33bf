import type { Entry, FetchLease, PartStore } from '../../src/cache/part-store.ts';
import type { ContactRef } from '../../src/contact/read-contact.ts';
import { change, storeIn } from '../support/changes.ts';

/** The time for which a write closes its contact in these stores. */
export const FENCE_MS = 2000;

interface World {
  readonly store: PartStore;
  readonly ref: ContactRef;
  readonly wait: (ms: number) => Promise<void>;
  readonly claimAndStore: (text: string) => Promise<FetchLease>;
  readonly contactOf: () => Promise<string | undefined>;
  readonly entry: (text: string) => Entry;
}

/** Describes the part of the contract that is about fences. */
export function describeFence(world: () => World): void {
  describe('a fence around a write', () => {
    test('removes the entries, and stores nothing while the contact is closed', async () => {
      const { store, ref, claimAndStore, contactOf, entry } = world();
      await claimAndStore('old');
      const before = await store.claim(ref, [], []);
      const fence = await store.fence(ref.org, ref.contact);
      expect(await contactOf()).toBeUndefined();
      const during = await claimAndStore('during');
      expect(during).toMatchObject({ canStore: false, heldByOthers: [], entries: {} });
      await storeIn(before, [change('contact', entry('old'))]);
      expect(await contactOf()).toBeUndefined();
      await fence.open();
      expect(await contactOf()).toBeUndefined();
    });

    test('never reads a result that was fetched before the contact was opened', async () => {
      const { store, ref, claimAndStore, contactOf, entry } = world();
      const fence = await store.fence(ref.org, ref.contact);
      const during = await store.claim(ref, [], ['contact']);
      await fence.open();
      await storeIn(during, [change('contact', entry('old'))]);
      expect(await contactOf()).toBeUndefined();
      await claimAndStore('new');
      expect(await contactOf()).toBe('new');
    });

    test('shares calls under one generation while the contact is closed, until it opens', async () => {
      const { store, ref } = world();
      const fence = await store.fence(ref.org, ref.contact);
      const { generation } = await store.claim(ref, [], ['contact']);
      expect((await store.read(ref, ['contact'])).localGeneration).toBe(generation);
      await fence.open();
      expect((await store.read(ref, ['contact'])).localGeneration).not.toBe(generation);
    });

    test('stays closed until the last of several writes opens it', async () => {
      const { store, ref, claimAndStore, contactOf } = world();
      const [one, two] = [await store.fence(ref.org, ref.contact), await store.fence(ref.org, ref.contact)];
      await one.open();
      await one.open();
      expect((await claimAndStore('during')).canStore).toBe(false);
      await two.open();
      expect((await claimAndStore('new')).canStore).toBe(true);
      expect(await contactOf()).toBe('new');
    });

    test('stays closed through an invalidation', async () => {
      const { store, ref, claimAndStore } = world();
      const fence = await store.fence(ref.org, ref.contact);
      await store.invalidate(ref.org, ref.contact);
      expect((await claimAndStore('during')).canStore).toBe(false);
      await fence.open();
    });

    test('stays closed for a time after an unknown outcome, and after its process has died', async () => {
      const { store, ref, wait, claimAndStore, contactOf } = world();
      await store.fence(ref.org, ref.contact);
      const fence = await store.fence(ref.org, ref.contact);
      fence.uncertain();
      expect((await claimAndStore('during')).canStore).toBe(false);
      await wait(FENCE_MS + 500);
      expect((await claimAndStore('new')).canStore).toBe(true);
      expect(await contactOf()).toBe('new');
    });

    test('closes no other contact', async () => {
      const { store, ref } = world();
      const neighbour = { ...ref, contact: crypto.randomUUID() };
      const fence = await store.fence(ref.org, ref.contact);
      expect((await store.claim(neighbour, [], ['contact'])).canStore).toBe(true);
      await fence.open();
    });
  });
}
