import type { HealthReport } from './health.ts';
import type { History } from './history.ts';
import { intervalOf } from './interval.ts';
import type { WorkerHealth } from './merge-health.ts';
import type { Metrics } from './metrics.ts';
import { symptomsOf, type Symptom } from './symptoms.ts';
import { totalsOf } from './totals.ts';

/** The egress of upstream calls: at most one of the two is set. */
export interface Egress {
  readonly localAddress: string | undefined;
  /** Host and port. */
  readonly proxy: string | undefined;
}

export interface StatusOptions {
  readonly metrics: Pick<Metrics, 'samples'>;
  /** The history of `metrics`, by the clock of `uptime`. */
  readonly history: Pick<History, 'since' | 'intervals'>;
  /** Returns the faults of all workers. */
  readonly health: () => Promise<WorkerHealth>;
  readonly version: string;
  /** The name of this machine. */
  readonly host: string;
  /** The upstream's host. */
  readonly upstream: string;
  /** Called for each status, because SIGHUP can replace the egress. */
  readonly egress: () => Egress;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Seconds. */
  readonly uptime: () => number;
}

const RECENT_S = 60;
const LONG_S = 600;

/**
 * `ok`, `degraded` and `failing` follow from the responses of the last minute and the faults of components;
 * `starting` and `draining` from the phase of the process.
 */
export type State = 'ok' | 'degraded' | 'failing' | 'starting' | 'draining';

/** Creates a function that collects the dashboard's data on demand. The data does not hold secrets. */
export function statusReader(options: StatusOptions) {
  const { metrics, history, health, version, host, upstream, egress, now, uptime } = options;
  return async function readStatus() {
    const [samples, { uptimeS, past, ...report }] = await Promise.all([metrics.samples(), health()]);
    const { localAddress, proxy } = egress();
    const totals = totalsOf(samples, uptime());
    const lastMinute = history.since(totals, RECENT_S);
    const recent = intervalOf(lastMinute);
    const symptoms = symptomsOf({
      recent,
      long: intervalOf(history.since(totals, LONG_S)),
      withheld: lastMinute.withheld,
      samples,
    });
    const startedAt = now() / 1000 - totals.time;
    return {
      at: new Date(now()).toISOString(),
      host,
      version,
      node: process.version,
      uptimeS: Math.round(uptimeS * 1000) / 1000,
      upstream,
      egress: { localAddress: localAddress ?? null, proxy: proxy ?? null },
      ...report,
      state: stateOf(report, symptoms),
      symptoms,
      past,
      recent,
      history: history.intervals().map(({ time, ...interval }) => ({ at: startedAt + time, ...interval })),
      metrics: samples,
    };
  };
}

export type Status = Awaited<ReturnType<ReturnType<typeof statusReader>>>;

function stateOf({ status, reasons }: HealthReport, symptoms: readonly Symptom[]): State {
  if (status === 'starting' || status === 'draining') return status;
  if (symptoms.some(({ level }) => level === 'critical')) return 'failing';
  return symptoms.length > 0 || reasons.length > 0 ? 'degraded' : 'ok';
}
