import { randomUUID } from 'node:crypto';
import type { Scene } from './scene.ts';
import type { ServerProcess } from './server-process.ts';
import { spreadOf, type Spread } from './statistics.ts';
import { load, writeRequests } from './wrk.ts';

export interface MissResult {
  /** Requests per second of the load generator; undefined for full rate. */
  readonly fixedRate: number | undefined;
  readonly perSecond: Spread;
  /** Microseconds of CPU per request: the proxy's, the bare request's, and the difference. */
  readonly proxyCpuMicros: Spread | undefined;
  readonly bareCpuMicros: Spread | undefined;
  readonly addedCpuMicros: Spread | undefined;
  readonly proxyP99Ms: Spread;
  readonly bareP99Ms: Spread;
  readonly addedP50Ms: Spread;
  readonly addedP99Ms: Spread;
}

const FIXED_RATE = 200;
/** More requests than any rate reaches in the time. */
const MOST_PER_SECOND = 8000;
const CONNECTIONS = 40;

/** Measures the cost of a miss over a bare undici request to the same upstream, at a fixed and at full rate. */
export async function measureMisses(
  scene: Scene,
  options: {
    readonly rounds: number;
    readonly secondsEach: number;
    /** Warm-up time at full rate, in seconds. At the fixed rate, JIT optimization would take too long. */
    readonly warmUpS: number;
  },
): Promise<{ readonly atFixedRate: MissResult; readonly atFullRate: MissResult }> {
  const proxy = await scene.startProxy();
  const bare = await scene.startPeer('bare-undici').catch(async (error: unknown) => {
    await proxy.stop();
    throw error;
  });
  try {
    for (const server of [proxy, bare]) await missOnce(scene, server, options.warmUpS, undefined);
    const atFixedRate = await takeTurns(scene, proxy, bare, { ...options, fixedRate: FIXED_RATE });
    const atFullRate = await takeTurns(scene, proxy, bare, { ...options, fixedRate: undefined });
    return { atFixedRate, atFullRate };
  } finally {
    await Promise.all([proxy.stop(), bare.stop()]);
  }
}

interface TurnOptions {
  readonly rounds: number;
  readonly secondsEach: number;
  readonly fixedRate: number | undefined;
}

async function takeTurns(
  scene: Scene,
  proxy: ServerProcess,
  bare: ServerProcess,
  { rounds, secondsEach, fixedRate }: TurnOptions,
): Promise<MissResult> {
  const proxyRuns: MissRun[] = [];
  const bareRuns: MissRun[] = [];
  for (let round = 0; round < rounds; round += 1) {
    proxyRuns.push(await missOnce(scene, proxy, secondsEach, fixedRate));
    bareRuns.push(await missOnce(scene, bare, secondsEach, fixedRate));
  }
  const added = (pick: (run: MissRun) => number | undefined): number[] =>
    proxyRuns.flatMap((run, round) => {
      const [own, theirs] = [pick(run), pick(bareRuns[round]!)];
      return own === undefined || theirs === undefined ? [] : own - theirs;
    });
  const cpuOf = (runs: readonly MissRun[]) => spreadOrNone(runs.flatMap(({ cpu }) => cpu ?? []));
  return {
    fixedRate,
    perSecond: spreadOf(proxyRuns.map((run) => run.perSecond)),
    proxyCpuMicros: cpuOf(proxyRuns),
    bareCpuMicros: cpuOf(bareRuns),
    addedCpuMicros: spreadOrNone(added((run) => run.cpu)),
    proxyP99Ms: spreadOf(proxyRuns.map((run) => run.p99Ms)),
    bareP99Ms: spreadOf(bareRuns.map((run) => run.p99Ms)),
    addedP50Ms: spreadOf(added((run) => run.p50Ms)),
    addedP99Ms: spreadOf(added((run) => run.p99Ms)),
  };
}

interface MissRun {
  readonly perSecond: number;
  readonly cpu: number | undefined;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Creates requests for contacts that have not been requested before. */
export function writeMisses(scene: Scene, count: number): string {
  const file = scene.file('misses');
  const requests = Array.from({ length: count }, (_, index) => ({
    path: `/contacts/${randomUUID()}`,
    token: scene.requests[index % scene.requests.length]!.token,
  }));
  writeRequests(file, requests);
  return file;
}

async function missOnce(
  scene: Scene,
  server: ServerProcess,
  seconds: number,
  fixedRate: number | undefined,
): Promise<MissRun> {
  const requestsFile = writeMisses(scene, (fixedRate ?? MOST_PER_SECOND / 2) * 2 * seconds);
  const pauseMs = fixedRate === undefined ? 0 : (1000 * CONNECTIONS) / fixedRate;
  server.clearLog();
  const before = server.cpuMicros();
  const { port } = server;
  const result = await load({ port, requestsFile, seconds, connections: CONNECTIONS, pauseMs });
  const after = server.cpuMicros();
  return {
    perSecond: result.requests / result.durationS,
    cpu: before === undefined || after === undefined ? undefined : (after - before) / result.requests,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}

function spreadOrNone(values: readonly number[]): Spread | undefined {
  return values.length > 0 ? spreadOf(values) : undefined;
}
