import type { Scene } from './scene.ts';
import type { ServerProcess } from './server-process.ts';
import { spreadOf, type Spread } from './statistics.ts';
import { load } from './wrk.ts';

/** The cost of requests to the proxy, and to a bare server that makes the same upstream calls. */
export interface AddedCost {
  /** Requests per second of the load generator; undefined for full rate. */
  readonly fixedRate: number | undefined;
  readonly perSecond: Spread;
  /** Microseconds of CPU per request: the proxy's, the bare server's, and the difference. */
  readonly proxyCpuMicros: Spread | undefined;
  readonly bareCpuMicros: Spread | undefined;
  readonly addedCpuMicros: Spread | undefined;
  readonly proxyP99Ms: Spread;
  readonly bareP99Ms: Spread;
  readonly addedP50Ms: Spread;
  readonly addedP99Ms: Spread;
}

/** More requests than any rate reaches in the time. */
const MOST_PER_SECOND = 16_000;
const CONNECTIONS = 40;

/** Writes a file with this number of requests for the load generator, and returns its name. */
export type RequestWriter = (scene: Scene, count: number) => string;

export interface TurnOptions {
  readonly rounds: number;
  readonly secondsEach: number;
  readonly fixedRate: number | undefined;
  readonly write: RequestWriter;
}

/** Measures the two servers in turns. */
export async function measureAddedCost(
  scene: Scene,
  proxy: ServerProcess,
  bare: ServerProcess,
  options: TurnOptions,
): Promise<AddedCost> {
  const { rounds, fixedRate } = options;
  const proxyRuns: Run[] = [];
  const bareRuns: Run[] = [];
  for (let round = 0; round < rounds; round += 1) {
    proxyRuns.push(await runOnce(scene, proxy, options));
    bareRuns.push(await runOnce(scene, bare, options));
  }
  const added = (pick: (run: Run) => number | undefined): number[] =>
    proxyRuns.flatMap((run, round) => {
      const [own, theirs] = [pick(run), pick(bareRuns[round]!)];
      return own === undefined || theirs === undefined ? [] : own - theirs;
    });
  const cpuOf = (runs: readonly Run[]) => spreadOrNone(runs.flatMap(({ cpu }) => cpu ?? []));
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

interface Run {
  readonly perSecond: number;
  readonly cpu: number | undefined;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Loads a server for `secondsEach`. */
export async function runOnce(
  scene: Scene,
  server: ServerProcess,
  { secondsEach: seconds, fixedRate, write }: Omit<TurnOptions, 'rounds'>,
): Promise<Run> {
  const requestsFile = write(scene, (fixedRate ?? MOST_PER_SECOND / 2) * 2 * seconds);
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
