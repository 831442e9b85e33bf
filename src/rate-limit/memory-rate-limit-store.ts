import { LRUCache } from 'lru-cache';
import { MAX_KEYS, type RateLimitStore } from './rate-limit-store.ts';

/**
 * Creates a store that is local to this process.
 *
 * @param now milliseconds of a monotonic clock.
 */
export function memoryRateLimitStore(now: () => number): RateLimitStore {
  const windows = new LRUCache<string, { used: number; endsAt: number }>({ max: MAX_KEYS });
  return {
    consume(key, cost, { limit, windowMs }) {
      const at = now();
      let window = windows.get(key);
      if (!window || window.endsAt <= at) {
        window = { used: 0, endsAt: at + windowMs };
        windows.set(key, window);
      }
      const allowed = window.used + cost <= limit;
      if (allowed) window.used += cost;
      // The sum of two numbers can be rounded up, so that more than a window would be left.
      const resetMs = Math.min(windowMs, window.endsAt - at);
      return { allowed, used: window.used, resetMs, counted: true };
    },
  };
}
