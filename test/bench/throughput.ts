import type { ServerProcess } from './server-process.ts';
import { spreadOf, type Spread } from './statistics.ts';
import { load } from './wrk.ts';

const CONNECTIONS = 64;
const WARM_UP_S = 1;
/** Number of warm-up requests that JIT optimization needs. It does not depend on the load of the machine. */
const WARM_UP_REQUESTS = 15_000;
const WARM_UP_RUNS = 8;

export interface Contender {
  readonly name: string;
  readonly server: ServerProcess;
  readonly requestsFile: string;
}

export interface ThroughputRow {
  readonly name: string;
  readonly perSecond: Spread;
  /** Requests per second, relative to the yardstick's in the same round. */
  readonly ratio: Spread;
  /** CPU time of the server per request, in microseconds. */
  readonly cpuMicros: Spread | undefined;
  /** The yardstick's CPU time per request over this server's in the same round; less noisy than a rate. */
  readonly cpuRatio: Spread | undefined;
  /** The same ratio for the minimum CPU times, since other load can only increase them. */
  readonly leastCpuRatio: number | undefined;
  readonly bytesPerAnswer: number;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
}

export interface ThroughputOptions {
  readonly rounds: number;
  readonly secondsEach: number;
  readonly yardstick: string;
  readonly onRound: (round: number) => void;
}

interface Run {
  readonly perSecond: number;
  readonly cpu: number | undefined;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Measures the maximum rate of each server. The servers take turns in a different order each round. Only
 * figures of the same round are compared, since the speed of the machine drifts.
 */
export async function measureThroughput(
  contenders: readonly Contender[],
  { rounds, secondsEach, yardstick, onRound }: ThroughputOptions,
): Promise<ThroughputRow[]> {
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await warmUp(contender);
  for (let round = 0; round < rounds; round += 1) {
    onRound(round);
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length]!;
      runs.get(contender.name)!.push(await runOnce(contender, secondsEach));
    }
  }
  const reference = runs.get(yardstick)!;
  return contenders.map(({ name }) => rowOf(name, runs.get(name)!, reference));
}

async function warmUp({ server, requestsFile }: Contender): Promise<void> {
  let answered = 0;
  for (let run = 0; run < WARM_UP_RUNS && answered < WARM_UP_REQUESTS; run += 1) {
    const { port } = server;
    const result = await load({ port, requestsFile, seconds: WARM_UP_S, connections: CONNECTIONS });
    answered += result.requests;
  }
  server.clearLog();
}

async function runOnce({ server, requestsFile }: Contender, seconds: number): Promise<Run> {
  server.clearLog();
  const before = server.cpuMicros();
  const result = await load({ port: server.port, requestsFile, seconds, connections: CONNECTIONS });
  const after = server.cpuMicros();
  return {
    perSecond: result.requests / result.durationS,
    cpu: before === undefined || after === undefined ? undefined : (after - before) / result.requests,
    bytes: result.bytes / result.requests,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}

function rowOf(name: string, runs: readonly Run[], reference: readonly Run[]): ThroughputRow {
  const cpu = runs.flatMap((run) => run.cpu ?? []);
  const cpuRatios = runs.flatMap(({ cpu: own }, round) => {
    const theirs = reference[round]!.cpu;
    return own === undefined || theirs === undefined ? [] : theirs / own;
  });
  const referenceCpu = reference.flatMap((run) => run.cpu ?? []);
  return {
    name,
    perSecond: spreadOf(runs.map((run) => run.perSecond)),
    ratio: spreadOf(runs.map((run, round) => run.perSecond / reference[round]!.perSecond)),
    cpuMicros: cpu.length > 0 ? spreadOf(cpu) : undefined,
    cpuRatio: cpuRatios.length > 0 ? spreadOf(cpuRatios) : undefined,
    leastCpuRatio: cpu.length > 0 ? Math.min(...referenceCpu) / Math.min(...cpu) : undefined,
    bytesPerAnswer: spreadOf(runs.map((run) => run.bytes)).median,
    p50Ms: spreadOf(runs.map((run) => run.p50Ms)),
    p99Ms: spreadOf(runs.map((run) => run.p99Ms)),
  };
}
