import { setTimeout as sleep } from 'node:timers/promises';
import { startFleet, type Fleet } from '../support/fleet.ts';
import { startCluster } from '../support/redis/redis-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

export interface FailoverFigures {
  readonly requests: number;
  /** Number of 200 responses with anything but the requested contact. */
  readonly wrong: number;
  /** Number of failures by status and code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly medianMs: { readonly before: number; readonly after: number };
  readonly p99Ms: { readonly before: number; readonly after: number };
  readonly maxMs: number;
  readonly over100Ms: number;
  readonly over1000Ms: number;
  /** Number of cache misses after the kill. */
  readonly misses: number;
  /** Time from the kill until every process reports a healthy Redis. */
  readonly recoveredMs: number;
}

interface Options {
  readonly processes: number;
  /** Number of requests in flight. */
  readonly concurrency: number;
  readonly contacts: number;
  readonly secondsBefore: number;
  readonly secondsAfter: number;
}

interface Sample {
  readonly at: number;
  readonly ms: number;
  readonly failure: string | undefined;
  readonly wrong: boolean;
  readonly hit: boolean;
}

/** Reads contacts through processes that share a Cluster of six nodes, and kills one of the masters. */
export async function clusterFailover(options: Options): Promise<FailoverFigures> {
  const cluster = await startCluster();
  const fleet = await startFleet(options.processes, {
    REDIS_MODE: 'cluster',
    REDIS_NODES: cluster.addresses,
    REDIS_TIMEOUT_MS: '80',
    UPSTREAM_TIMEOUT_MS: '5000',
  }).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  try {
    const ids = Array.from({ length: options.contacts }, () => fleet.freshContact());
    for (const id of ids) await readOnce(fleet, id, 0);
    const samples: Sample[] = [];
    const load = { over: false };
    const readers = Array.from({ length: options.concurrency }, async (_, reader) => {
      for (let round = reader; !load.over; round += 1)
        samples.push(await readOnce(fleet, ids[round % ids.length]!, round % options.processes));
    });
    await sleep(options.secondsBefore * 1000);
    const master = await cluster.masterOf(`zbff:1:{${fleet.org.id}|${ids[0]!}}:gen`);
    const killedAt = performance.now();
    await master.kill();
    // Measured after the processes have detected the failure and recovered.
    await sleep(1500);
    await waitFor(
      'all processes to be ready',
      async () => {
        const states = await Promise.all(fleet.members.map((member) => member.readyz()));
        return states.every(({ status }) => status === 'ready');
      },
      30_000,
      50,
    );
    const recoveredMs = performance.now() - killedAt;
    await sleep(Math.max(0, options.secondsAfter * 1000 - recoveredMs));
    load.over = true;
    await Promise.all(readers);
    return figuresOf(samples, killedAt, recoveredMs);
  } finally {
    await fleet.stop();
    await cluster.stop();
  }
}

async function readOnce(fleet: Fleet, id: string, process: number): Promise<Sample> {
  const at = performance.now();
  const answer = await fleet.members[process]!.get(`/contacts/${id}?include=notes`);
  const ok = answer.status === 200;
  return {
    at,
    ms: answer.ms,
    failure: ok ? undefined : `${answer.status} ${answer.json().code}`,
    wrong: ok && answer.json().data.contact.id !== id,
    hit: /; hit/.test(String(answer.headers['cache-status'])),
  };
}

function figuresOf(samples: readonly Sample[], killedAt: number, recoveredMs: number): FailoverFigures {
  const before = samples.filter(({ at }) => at < killedAt);
  const after = samples.filter(({ at }) => at >= killedAt);
  const failed: Record<string, number> = {};
  for (const { failure } of samples) if (failure) failed[failure] = (failed[failure] ?? 0) + 1;
  const both = (fraction: number) => ({
    before: quantile(before, fraction),
    after: quantile(after, fraction),
  });
  return {
    requests: samples.length,
    wrong: samples.filter(({ wrong }) => wrong).length,
    failed,
    medianMs: both(0.5),
    p99Ms: both(0.99),
    maxMs: quantile(samples, 1),
    over100Ms: samples.filter(({ ms }) => ms > 100).length,
    over1000Ms: samples.filter(({ ms }) => ms > 1000).length,
    misses: after.filter(({ hit }) => !hit).length,
    recoveredMs: Math.round(recoveredMs),
  };
}

function quantile(samples: readonly Sample[], fraction: number): number {
  const sorted = samples.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? 0;
  return Math.round(value * 10) / 10;
}

if (import.meta.main) {
  const options = { processes: 2, concurrency: 16, contacts: 60, secondsBefore: 5, secondsAfter: 15 };
  process.stdout.write(`${JSON.stringify(options)}\n`);
  process.stdout.write(`${JSON.stringify(await clusterFailover(options), null, 2)}\n`);
}
