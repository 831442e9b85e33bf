import { randomUUID } from 'node:crypto';
import { measureAddedCost, runOnce, type AddedCost, type RequestWriter } from './added-cost.ts';
import type { Scene } from './scene.ts';
import { writeRequests } from './wrk.ts';

const FIXED_RATE = 200;

/** Measures the cost of a miss over a bare undici request to the same upstream, at a fixed and at full rate. */
export async function measureMisses(
  scene: Scene,
  options: {
    readonly rounds: number;
    readonly secondsEach: number;
    /** Warm-up time at full rate, in seconds. At the fixed rate, JIT optimization would take too long. */
    readonly warmUpS: number;
  },
): Promise<{ readonly atFixedRate: AddedCost; readonly atFullRate: AddedCost }> {
  const proxy = await scene.startProxy();
  const bare = await scene.startPeer('bare-undici').catch(async (error: unknown) => {
    await proxy.stop();
    throw error;
  });
  const full = { ...options, fixedRate: undefined, write: writeMisses };
  try {
    for (const server of [proxy, bare])
      await runOnce(scene, server, { ...full, secondsEach: options.warmUpS });
    const atFixedRate = await measureAddedCost(scene, proxy, bare, { ...full, fixedRate: FIXED_RATE });
    const atFullRate = await measureAddedCost(scene, proxy, bare, full);
    return { atFixedRate, atFullRate };
  } finally {
    await Promise.all([proxy.stop(), bare.stop()]);
  }
}

/** Creates requests for contacts that have not been requested before. */
export const writeMisses: RequestWriter = (scene, count) => {
  const file = scene.file('misses');
  const requests = Array.from({ length: count }, (_, index) => ({
    path: `/contacts/${randomUUID()}`,
    token: scene.requests[index % scene.requests.length]!.token,
  }));
  writeRequests(file, requests);
  return file;
};
