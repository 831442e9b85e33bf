import { readFileSync } from 'node:fs';
import type { Scene } from './scene.ts';
import type { ServerProcess } from './server-process.ts';
import { spreadOf, type Spread } from './statistics.ts';
import { load, type LoadResult } from './wrk.ts';

export interface LatencyResult {
  /** Target rate in requests per second, which is half of the maximum, and the achieved rate. */
  readonly aimedAt: number;
  readonly perSecond: number;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  /** The 99th percentile divided by the median, for each run. */
  readonly ratio: Spread;
  /** The same ratio for bare Express at the same rate, in alternating runs: the noise of the machine. */
  readonly bareRatio: Spread;
  readonly collections: number;
  /** Longest garbage collection pause, in milliseconds of wall-clock time. */
  readonly longestPauseMs: number;
}

const CONNECTIONS = 64;
const WARM_UP_S = 3;
/** Matches a line of `--trace-gc`: … Scavenge 12.3 (15.0) -> 10.1 (16.0) MB, pooled: 0 MB, 1.23 / 0.00 ms … */
const COLLECTION = /ms: (?:Scavenge|Mark-Compact|Minor).*? MB, (?:pooled: \d+ MB, )?([\d.]+) \/ /g;

/** Measures the latency of hits at half load, and the longest garbage collection pause. */
export async function measureLatency(
  scene: Scene,
  options: { readonly topRate: number; readonly rounds: number; readonly secondsEach: number },
): Promise<LatencyResult> {
  const { topRate, rounds, secondsEach } = options;
  const aimedAt = topRate / 2;
  const pauseMs = Math.max(1, (1000 * CONNECTIONS) / aimedAt);
  const { requestsFile } = scene;
  const server = await scene.startProxy({}, { nodeArgs: ['--trace-gc'] });
  const bare = await scene.startPeer('bare-express').catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  const run = ({ port }: ServerProcess) =>
    load({ port, requestsFile, seconds: secondsEach, connections: CONNECTIONS, pauseMs });
  try {
    for (const { port } of [server, bare])
      await load({ port, requestsFile, seconds: WARM_UP_S, connections: CONNECTIONS });
    const runs: LoadResult[] = [];
    const bareRuns: LoadResult[] = [];
    const pauses: number[] = [];
    server.clearLog();
    for (let round = 0; round < rounds; round += 1) {
      runs.push(await run(server));
      const log = readFileSync(server.logFile, 'latin1');
      for (const [, pause] of log.matchAll(COLLECTION)) pauses.push(Number(pause));
      server.clearLog();
      bareRuns.push(await run(bare));
    }
    return {
      aimedAt,
      perSecond: spreadOf(runs.map((run) => run.requests / run.durationS)).median,
      p50Ms: spreadOf(runs.map((run) => run.p50Ms)),
      p99Ms: spreadOf(runs.map((run) => run.p99Ms)),
      ratio: ratioOf(runs),
      bareRatio: ratioOf(bareRuns),
      collections: pauses.length,
      longestPauseMs: Math.max(0, ...pauses),
    };
  } finally {
    await Promise.all([server.stop(), bare.stop()]);
  }
}

function ratioOf(runs: readonly LoadResult[]): Spread {
  return spreadOf(runs.map(({ p50Ms, p99Ms }) => p99Ms / p50Ms));
}
