import type { Revocation } from '../auth/revocation-list.ts';
import type { PartStore } from '../cache/part-store.ts';
import { AppError } from '../errors.ts';
import { aggregate, type Snapshot } from '../telemetry/aggregate.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { WorkerBus } from './worker-bus.ts';

interface State {
  readonly store: Pick<PartStore, 'forget'>;
  readonly identity: { learn(revocation: Revocation): boolean };
  readonly metrics: Pick<Metrics, 'snapshot'>;
}

/** What each process does for the others: whichever of them an operator's request comes to, it holds in all. */
export function onBroadcast(siblings: WorkerBus, { store, identity, metrics }: State): void {
  siblings.on('invalidated', (payload) => {
    const { org, contact } = payload as { org: string; contact: string };
    store.forget(org, contact);
  });
  siblings.on('revoked', (payload) => {
    if (!identity.learn(payload as Revocation)) throw new Error('there is no room for a revocation');
  });
  siblings.on('metrics', (payload) => metrics.snapshot(payload as 'all' | 'own'));
}

/**
 * Redis tells all processes soon enough; those behind one port must know before the caller's next request.
 *
 * @throws AppError `CACHE_UNAVAILABLE` where one of them does not say that it knows.
 */
export async function broadcast(siblings: WorkerBus, kind: string, payload: unknown): Promise<void> {
  const { missing } = await siblings.query(kind, payload);
  if (missing === 0) return;
  throw new AppError('CACHE_UNAVAILABLE', {
    detail: 'A process of this proxy does not answer, so it may not hold everywhere. Send it again.',
    retryAfterS: 1,
  });
}

/**
 * The metrics of all processes, or this one's where it is alone.
 *
 * @throws AppError `OVERLOADED` where one of them does not answer: a sum without it would look like a restart.
 */
export function aggregateMetrics(
  metrics: Metrics,
  siblings: WorkerBus,
  processes: number,
): Pick<Metrics, 'render' | 'samples'> {
  if (processes === 1) return metrics;
  const gather = async (which: 'all' | 'own') => {
    const { values, missing } = await siblings.query('metrics', which);
    if (missing > 0) {
      throw new AppError('OVERLOADED', {
        detail: 'A process of this proxy does not answer, so its figures are not to be had. Ask again.',
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
