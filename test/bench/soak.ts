import { readFileSync } from 'node:fs';
import { writeMisses } from './misses.ts';
import type { Scene } from './scene.ts';
import { quantile } from './statistics.ts';
import { load } from './wrk.ts';

export interface SoakResult {
  readonly seconds: number;
  readonly requests: number;
  /** Resident MiB over time, oldest first. */
  readonly residentMiB: readonly number[];
  /** Medians of the second and the last quarter. Caches fill in the first quarter. */
  readonly earlyMiB: number;
  readonly lateMiB: number;
}

const SLICE_S = 5;
const CONTACTS = 4000;

/**
 * Runs at full rate with more contacts than fit into the near cache, so that entries are evicted constantly.
 * Memory that still grows is a leak.
 */
export async function soak(scene: Scene, seconds: number): Promise<SoakResult> {
  const requestsFile = writeMisses(scene, CONTACTS);
  const server = await scene.startProxy({ CACHE_L1_MAX_MB: '4' });
  try {
    const residentMiB: number[] = [];
    let answered = 0;
    for (let elapsedS = 0; elapsedS < seconds; elapsedS += SLICE_S) {
      const { port } = server;
      answered += (await load({ port, requestsFile, seconds: SLICE_S, connections: 64 })).requests;
      residentMiB.push(residentKiB(server.pid) / 1024);
      server.clearLog();
    }
    const quarter = Math.floor(residentMiB.length / 4);
    const early = residentMiB.slice(quarter, 2 * quarter);
    return {
      seconds,
      requests: answered,
      residentMiB: residentMiB.map(Math.round),
      earlyMiB: median(early),
      lateMiB: median(residentMiB.slice(-quarter)),
    };
  } finally {
    await server.stop();
  }
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
