import { randomUUID } from 'node:crypto';
import type { RecordStore, StoredRecord } from '../../src/idempotency/record-store.ts';
import type { OpenedRecordStores } from '../support/idempotency.ts';

/** Describes the contract of every `RecordStore`. */
export function describeRecordStore(name: string, open: () => Promise<OpenedRecordStores>): void {
  describe(`${name} record store`, () => {
    let one: RecordStore;
    let other: RecordStore;
    let endLease: (key: string) => Promise<void>;
    let key: string;

    beforeEach(async () => {
      const opened = await open();
      [one, other] = opened.stores;
      endLease = (at) => opened.endLease(at);
      key = `zbff:idempotency:1:{${randomUUID()}}`;
    });

    const data = Buffer.from([0, 1, 255, 10, 13]);
    const changed = Buffer.from('changed');
    const read = (): Promise<StoredRecord | undefined> => other.claim(key, 'reader', Buffer.from('reader'));

    async function startedBy(token: string): Promise<void> {
      expect(await one.claim(key, token, data)).toBeUndefined();
      expect(await one.start(key, token, data)).toBe(true);
    }

    test('claims a new key, and returns the held record to others byte for byte', async () => {
      expect(await one.claim(key, 'a', data)).toBeUndefined();
      expect(await read()).toMatchObject({ stage: 'claimed', token: 'a', held: true, data });
    });

    test('gives a new key to exactly one of 100 parallel claims', async () => {
      const claims = Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? one : other).claim(key, `token-${index}`, data),
      );
      const found = await Promise.all(claims);
      expect(found.filter((record) => record === undefined)).toHaveLength(1);
      expect(new Set(found.map((record) => record?.token)).size).toBe(2);
    });

    test('replaces a claimed record whose lease has ended, and ignores its old holder', async () => {
      await one.claim(key, 'old', data);
      await endLease(key);
      expect(await other.claim(key, 'new', changed)).toBeUndefined();
      expect(await one.start(key, 'old', data)).toBe(false);
      expect(await one.renew(key, 'old')).toBe(false);
      expect(await one.settle(key, 'old', 'done', data)).toBe(false);
      expect(await one.free(key, 'old')).toBe(false);
      expect(await read()).toMatchObject({ stage: 'claimed', token: 'new', held: true, data: changed });
    });

    test('keeps a started record whose lease has ended', async () => {
      await startedBy('a');
      expect(await read()).toMatchObject({ stage: 'started', held: true });
      await endLease(key);
      expect(await read()).toMatchObject({ stage: 'started', token: 'a', held: false, data });
    });

    test('gives an ended record to exactly one of 50 parallel attempts, and ignores its old holder', async () => {
      await startedBy('old');
      await endLease(key);
      const attempts = Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? one : other).takeOver(key, 'old', `new-${index}`),
      );
      const taken = (await Promise.all(attempts)).indexOf(true);
      expect(taken).toBeGreaterThanOrEqual(0);
      expect((await Promise.all(attempts)).filter(Boolean)).toHaveLength(1);
      expect(await one.settle(key, 'old', 'done', changed)).toBe(false);
      expect(await read()).toMatchObject({ stage: 'started', token: `new-${taken}`, held: true, data });
    });

    test('does not give away a record that is held, done, changed or missing', async () => {
      expect(await one.takeOver(key, 'a', 'b')).toBe(false);
      await startedBy('a');
      expect(await other.takeOver(key, 'a', 'b')).toBe(false);
      await endLease(key);
      expect(await other.takeOver(key, 'not-a', 'b')).toBe(false);
      await one.settle(key, 'a', 'done', data);
      expect(await other.takeOver(key, 'a', 'b')).toBe(false);
    });

    test('renews the lease of the holder alone', async () => {
      await startedBy('a');
      await endLease(key);
      expect(await other.renew(key, 'b')).toBe(false);
      expect(await read()).toMatchObject({ held: false });
      expect(await one.renew(key, 'a')).toBe(true);
      expect(await read()).toMatchObject({ stage: 'started', token: 'a', held: true, data });
    });

    test.each(['started', 'done'] as const)('settles as %s and ends the lease', async (stage) => {
      await startedBy('a');
      expect(await one.settle(key, 'a', stage, changed)).toBe(true);
      expect(await read()).toMatchObject({ stage, token: 'a', held: false, data: changed });
    });

    test('settles a record that it has lost', async () => {
      expect(await one.settle(key, 'a', 'done', data)).toBe(true);
      expect(await read()).toMatchObject({ stage: 'done', token: 'a', held: false, data });
    });

    test('does not start or renew a record that it has lost', async () => {
      expect(await one.start(key, 'a', data)).toBe(false);
      expect(await one.renew(key, 'a')).toBe(false);
      expect(await read()).toBeUndefined();
    });

    test('frees a key for its holder alone', async () => {
      await startedBy('a');
      expect(await other.free(key, 'b')).toBe(false);
      expect(await one.free(key, 'a')).toBe(true);
      expect(await read()).toBeUndefined();
    });
  });
}
