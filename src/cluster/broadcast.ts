import type { Revocation } from '../auth/revocation-list.ts';
import { AppError } from '../errors.ts';
import { aggregate, type Snapshot } from '../telemetry/aggregate.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { WorkerBus } from './worker-bus.ts';

interface State {
  readonly identity: { learn(revocation: Revocation): boolean };
  readonly metrics: Pick<Metrics, 'snapshot'>;
}

/** Applies revocations of the other workers in this one, and reports its metrics to them. */
export function onBroadcast(workerBus: WorkerBus, { identity, metrics }: State): void {
  workerBus.on('revoked', (payload) => {
    if (!identity.learn(payload as Revocation)) throw new Error('the revocation list is full');
  });
  workerBus.on('metrics', (payload) => metrics.snapshot(payload as 'all' | 'own'));
}

/**
 * Notifies all workers behind the port and waits for their acknowledgements, so that the caller's next request
 * sees the change. Redis notifies other instances later. Invalidations do without, because all processes
 * acknowledge them through Redis.
 *
 * @throws AppError `CACHE_UNAVAILABLE` if a worker does not acknowledge in time.
 */
export async function broadcast(workerBus: WorkerBus, kind: string, payload: unknown): Promise<void> {
  const { missing } = await workerBus.query(kind, payload);
  if (missing === 0) return;
  throw new AppError('CACHE_UNAVAILABLE', {
    detail: 'One worker did not respond, so the change may not be in effect everywhere. Send it again.',
    retryAfterS: 1,
  });
}

/**
 * Aggregates the metrics of all workers; returns `metrics` itself if there is one process.
 *
 * @throws AppError `OVERLOADED` from `render` and `samples` if a worker does not respond. A sum without it would
 *   look like a counter reset.
 */
export function aggregateMetrics(
  metrics: Metrics,
  workerBus: WorkerBus,
  processes: number,
): Pick<Metrics, 'render' | 'samples'> {
  if (processes === 1) return metrics;
  const gather = async (which: 'all' | 'own') => {
    const { values, missing } = await workerBus.query('metrics', which);
    if (missing > 0) {
      throw new AppError('OVERLOADED', {
        detail: 'One worker did not respond, so metrics are incomplete. Try again.',
        retryAfterS: 1,
      });
    }
    return aggregate(values as Snapshot[]);
  };
  return {
    render: async () => (await gather('all')).render(),
    samples: async () => (await gather('own')).samples(),
  };
}
