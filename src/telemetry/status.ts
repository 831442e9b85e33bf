import type { Health } from './health.ts';
import type { Metrics } from './metrics.ts';

/** The egress of upstream calls: at most one of the two is set. */
export interface Egress {
  readonly localAddress: string | undefined;
  /** Host and port. */
  readonly proxy: string | undefined;
}

export interface StatusOptions {
  readonly metrics: Pick<Metrics, 'samples'>;
  readonly health: Pick<Health, 'report' | 'past'>;
  readonly version: string;
  /** The upstream's host. */
  readonly upstream: string;
  /** Called for each status, because SIGHUP can replace the egress. */
  readonly egress: () => Egress;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Seconds. */
  readonly uptime: () => number;
}

/** Creates a function that collects the dashboard's data on demand. The data does not hold secrets. */
export function statusReader(options: StatusOptions) {
  const { metrics, health, version, upstream, egress, now, uptime } = options;
  return async function readStatus() {
    const { localAddress, proxy } = egress();
    return {
      at: new Date(now()).toISOString(),
      version,
      node: process.version,
      uptimeS: Math.round(uptime() * 1000) / 1000,
      upstream,
      egress: { localAddress: localAddress ?? null, proxy: proxy ?? null },
      ...health.report(),
      past: health.past(),
      metrics: await metrics.samples(),
    };
  };
}

export type Status = Awaited<ReturnType<ReturnType<typeof statusReader>>>;
