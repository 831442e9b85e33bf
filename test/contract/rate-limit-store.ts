import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RateLimitStore, Tier } from '../../src/rate-limit/rate-limit-store.ts';

const tier = (limit: number, windowMs = 60_000): Tier => ({ name: 'test', limit, windowMs });
export const takeMany = (allowance: RateLimitStore, key: string, count: number, of: Tier) =>
  Promise.all(Array.from({ length: count }, async () => allowance.consume(key, 1, of)));

/** What every way of counting keeps. */
export function describeAllowance(name: string, open: () => RateLimitStore): void {
  describe(`${name} as an allowance`, () => {
    test('lets the limit through, and not one more', async () => {
      const [allowance, key] = [open(), randomUUID()];
      const verdicts = await takeMany(allowance, key, 80, tier(50));
      expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(50);
      expect((await allowance.consume(key, 1, tier(50))).allowed).toBe(false);
    });

    test('says how much was used, and when the window ends', async () => {
      const [allowance, key] = [open(), randomUUID()];
      expect(await allowance.consume(key, 1, tier(10))).toMatchObject({
        allowed: true,
        used: 1,
        counted: true,
      });
      const { used, resetMs } = await allowance.consume(key, 3, tier(10));
      expect(used).toBe(4);
      expect(resetMs).toBeGreaterThan(50_000);
      expect(resetMs).toBeLessThanOrEqual(60_000);
    });

    test('a cost that does not fit takes nothing', async () => {
      const [allowance, key] = [open(), randomUUID()];
      expect((await allowance.consume(key, 8, tier(10))).allowed).toBe(true);
      expect(await allowance.consume(key, 3, tier(10))).toMatchObject({
        allowed: false,
        used: 8,
        counted: true,
      });
      expect((await allowance.consume(key, 2, tier(10))).allowed).toBe(true);
      expect((await allowance.consume(key, 1, tier(10))).allowed).toBe(false);
    });

    test('keys do not share', async () => {
      const [allowance, key] = [open(), randomUUID()];
      await takeMany(allowance, key, 5, tier(5));
      expect((await allowance.consume(randomUUID(), 1, tier(5))).allowed).toBe(true);
    });

    test('a window ends, and the next begins with the next request', async () => {
      const [allowance, key] = [open(), randomUUID()];
      const short = tier(2, 300);
      await takeMany(allowance, key, 3, short);
      const { resetMs } = await allowance.consume(key, 1, short);
      await sleep(resetMs + 50);
      const verdicts = await takeMany(allowance, key, 3, short);
      expect(verdicts.map(({ allowed }) => allowed)).toEqual([true, true, false]);
    });

    test('a large limit is let through to the last, too', async () => {
      const [allowance, key] = [open(), randomUUID()];
      let allowed = 0;
      for (let round = 0; round < 30; round += 1) {
        const verdicts = await takeMany(allowance, key, 50, tier(1000));
        allowed += verdicts.filter((one) => one.allowed).length;
      }
      expect(allowed).toBe(1000);
    });
  });
}
