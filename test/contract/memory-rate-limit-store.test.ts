import { memoryRateLimitStore } from '../../src/rate-limit/memory-rate-limit-store.ts';
import { describeRateLimitStore } from './rate-limit-store.ts';

describeRateLimitStore('memory', () => memoryRateLimitStore(() => performance.now()));

test('a window that begins at a time with a fraction has its length left, and not more', async () => {
  const times = Array.from({ length: 1000 }, (_, index) => 65_000 + index * 0.7);
  expect(times.some((at) => at + 60_000 - at > 60_000)).toBe(true);
  for (const at of times) {
    const { resetMs } = await memoryRateLimitStore(() => at).consume('key', 1, {
      name: 'test',
      limit: 1,
      windowMs: 60_000,
    });
    expect(resetMs).toBeLessThanOrEqual(60_000);
  }
});
