import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Result, Share } from './worker.ts';

/** A larger young generation than Node's: nearly all objects of a schedule die with it. */
const YOUNG_MB = 128;

/** Runs schedules in equal shares, each in a thread. Ends all of them when one finds a failure. */
export async function runInThreads(all: Share): Promise<Result> {
  const schedules = Math.ceil(all.schedules / availableParallelism());
  const workers: Worker[] = [];
  for (let at = 0; at < all.schedules; at += schedules) {
    const share = { ...all, seed: all.seed + at, schedules: Math.min(schedules, all.schedules - at) };
    workers.push(
      new Worker(new URL('worker.ts', import.meta.url), {
        workerData: share,
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      }),
    );
  }
  const results = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<Result>((resolve, reject) => {
          worker.on('message', (result: Result) => {
            resolve(result);
            if (result.failures.length > 0) for (const other of workers) void other.terminate();
          });
          worker.on('error', reject);
          worker.on('exit', () => resolve({ ran: 0, failures: [] }));
        }),
    ),
  );
  const ran = results.reduce((sum, one) => sum + one.ran, 0);
  return { ran, failures: results.flatMap(({ failures }) => failures) };
}
