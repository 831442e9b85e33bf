import * as fc from 'fast-check';
import { GcraLimiter } from '../../src/lib/gcra-limiter.ts';

test('spreads calls over the second', () => {
  const pace = new GcraLimiter(10);
  expect(pace.delayMs(0)).toBe(0);
  pace.begin(0);
  expect(pace.delayMs(40)).toBeCloseTo(50, 0);
});

test('no second sees more than the rate, wherever it begins and however late the timers are', () => {
  const lateness = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 200, maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), lateness, (perSecond, late) => {
      const pace = new GcraLimiter(perSecond);
      const begun: number[] = [];
      let now = 0;
      for (const ms of late) {
        now += pace.delayMs(now) + ms / 10;
        pace.begin(now);
        begun.push(now);
      }
      for (const start of begun) {
        const within = begun.filter((at) => at >= start && at < start + 980);
        expect(within.length).toBeLessThanOrEqual(perSecond);
      }
    }),
  );
});

test('late timers do not lower the rate', () => {
  const pace = new GcraLimiter(100);
  let now = 0;
  for (let count = 0; count < 100; count += 1) {
    now += pace.delayMs(now) + 3;
    pace.begin(now);
  }
  expect(now).toBeLessThan(1020);
});

test('without a rate nothing waits', () => {
  const pace = new GcraLimiter(undefined);
  for (let count = 0; count < 1000; count += 1) {
    expect(pace.delayMs(0)).toBe(0);
    pace.begin(0);
  }
});
