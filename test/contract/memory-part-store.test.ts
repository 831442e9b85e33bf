import { newMetrics } from '../support/metrics.ts';
import { memoryPartStore } from '../../src/cache/memory-part-store.ts';
import { FENCE_MS } from './fence.ts';
import { describePartStore } from './part-store.ts';

describePartStore('memory', async () => {
  let now = 1_000_000;
  return {
    store: memoryPartStore({
      fenceMs: FENCE_MS,
      uncertainMs: FENCE_MS / 2,
      maxBytes: 10_000_000,
      now: () => now,
      metrics: newMetrics(),
    }),
    now: () => now,
    wait: async (ms) => {
      now += ms;
    },
  };
});
