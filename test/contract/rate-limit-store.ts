import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RateLimitStore, Tier } from '../../src/rate-limit/rate-limit-store.ts';

const tier = (limit: number, windowMs = 60_000): Tier => ({ name: 'test', limit, windowMs });
export const takeMany = (store: RateLimitStore, key: string, count: number, of: Tier) =>
  Promise.all(Array.from({ length: count }, async () => store.consume(key, 1, of)));

/** Describes the contract of every rate-limit store. */
export function describeRateLimitStore(name: string, open: () => RateLimitStore): void {
  describe(`${name} rate-limit store`, () => {
    test('allows requests up to the limit', async () => {
      const [store, key] = [open(), randomUUID()];
      const results = await takeMany(store, key, 80, tier(50));
      expect(results.filter(({ allowed }) => allowed)).toHaveLength(50);
      expect((await store.consume(key, 1, tier(50))).allowed).toBe(false);
    });

    test('reports the used amount and the end of the window', async () => {
      const [store, key] = [open(), randomUUID()];
      expect(await store.consume(key, 1, tier(10))).toMatchObject({
        allowed: true,
        used: 1,
        counted: true,
      });
      const { used, resetMs } = await store.consume(key, 3, tier(10));
      expect(used).toBe(4);
      expect(resetMs).toBeGreaterThan(50_000);
      expect(resetMs).toBeLessThanOrEqual(60_000);
    });

    test('never reports more than a window as what is left of it', async () => {
      const store = open();
      const results = await Promise.all(
        Array.from({ length: 200 }, async () => store.consume(randomUUID(), 1, tier(10))),
      );
      expect(Math.max(...results.map(({ resetMs }) => resetMs))).toBeLessThanOrEqual(60_000);
    });

    test('consumes nothing when the cost exceeds the remaining limit', async () => {
      const [store, key] = [open(), randomUUID()];
      expect((await store.consume(key, 8, tier(10))).allowed).toBe(true);
      expect(await store.consume(key, 3, tier(10))).toMatchObject({
        allowed: false,
        used: 8,
        counted: true,
      });
      expect((await store.consume(key, 2, tier(10))).allowed).toBe(true);
      expect((await store.consume(key, 1, tier(10))).allowed).toBe(false);
    });

    test('reports the state and consumes nothing for a cost of 0', async () => {
      const [store, key] = [open(), randomUUID()];
      for (const { cost, used } of [
        { cost: 0, used: 0 },
        { cost: 4, used: 4 },
        { cost: 0, used: 4 },
        { cost: 6, used: 10 },
        { cost: 0, used: 10 },
      ]) {
        const result = await store.consume(key, cost, tier(10));
        expect({ cost, ...result }).toMatchObject({ cost, used, counted: true });
        expect(result.resetMs).toBeGreaterThan(50_000);
      }
    });

    test('counts keys separately', async () => {
      const [store, key] = [open(), randomUUID()];
      await takeMany(store, key, 5, tier(5));
      expect((await store.consume(randomUUID(), 1, tier(5))).allowed).toBe(true);
    });

    test('starts a new window with the first request after the previous one ends', async () => {
      const [store, key] = [open(), randomUUID()];
      const short = tier(2, 300);
      await takeMany(store, key, 3, short);
      const { resetMs } = await store.consume(key, 1, short);
      await sleep(resetMs + 50);
      const results = await takeMany(store, key, 3, short);
      expect(results.map(({ allowed }) => allowed)).toEqual([true, true, false]);
    });

    test('allows exactly the limit when it is large', async () => {
      const [store, key] = [open(), randomUUID()];
      let allowed = 0;
      for (let round = 0; round < 30; round += 1) {
        const results = await takeMany(store, key, 50, tier(1000));
        allowed += results.filter((one) => one.allowed).length;
      }
      expect(allowed).toBe(1000);
    });
  });
}
