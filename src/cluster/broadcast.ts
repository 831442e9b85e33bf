import type { Revocation } from '../auth/revocation-list.ts';
import { AppError } from '../errors.ts';
import { aggregate, type Snapshot } from '../telemetry/aggregate.ts';
import type { HistoryRecord } from '../telemetry/history.ts';
import { mergeHealth, type WorkerHealth } from '../telemetry/merge-health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { METRICS, type WorkerBus } from './worker-bus.ts';

/** The kind of query that applies a revocation. */
const REVOKED = 'revoked';

interface State {
  readonly identity: { learn(revocation: Revocation): boolean };
  readonly metrics: Pick<Metrics, 'snapshot'>;
}

/** The state of this process for the dashboards of all workers. */
export interface Reported {
  readonly health: () => WorkerHealth;
  readonly history: () => HistoryRecord;
}

/** Applies revocations of the other workers in this one, and reports its metrics to them. */
export function onBroadcast(workerBus: WorkerBus, { identity, metrics }: State): void {
  workerBus.on(REVOKED, (payload) => {
    if (!identity.learn(payload as Revocation)) throw new Error('the revocation list is full');
  });
  workerBus.on(METRICS, (payload) => metrics.snapshot(payload as 'all' | 'own'));
}

/**
 * Notifies all workers behind the port of a revocation and waits for their acknowledgements, so that the caller's
 * next request sees it. Redis notifies other instances later. Invalidations do without, because all processes
 * acknowledge them through Redis.
 *
 * @throws AppError `CACHE_UNAVAILABLE` if a worker does not acknowledge in time.
 */
export async function broadcastRevocation(workerBus: WorkerBus, revocation: Revocation): Promise<void> {
  const { missing } = await workerBus.query(REVOKED, revocation);
  if (missing === 0) return;
  throw new AppError('CACHE_UNAVAILABLE', {
    detail: 'One worker did not respond, so the change may not be in effect everywhere. Send it again.',
    retryAfterS: 1,
  });
}

/** Reports the state of this process to the other workers. */
export function reportState(workerBus: WorkerBus, { health, history }: Reported): void {
  workerBus.on('health', health);
  workerBus.on('history', history);
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
  const gather = async (which: 'all' | 'own') =>
    aggregate((await queryAll(workerBus, METRICS, which)) as Snapshot[]);
  return {
    render: async () => (await gather('all')).render(),
    samples: async () => (await gather('own')).samples(),
  };
}

/** Returns the faults of all workers. @throws AppError `OVERLOADED` if a worker does not respond. */
export async function gatherHealth(workerBus: WorkerBus, own: WorkerHealth): Promise<WorkerHealth> {
  return mergeHealth(own, (await queryAll(workerBus, 'health')) as WorkerHealth[]);
}

/** Returns the histories of the workers that respond. */
export async function gatherHistories(workerBus: WorkerBus): Promise<readonly HistoryRecord[]> {
  return (await workerBus.query('history')).values as HistoryRecord[];
}

/** @throws AppError `OVERLOADED` if a worker does not respond. */
async function queryAll(workerBus: WorkerBus, kind: string, payload?: unknown): Promise<readonly unknown[]> {
  const { values, missing } = await workerBus.query(kind, payload);
  if (missing === 0) return values;
  throw new AppError('OVERLOADED', {
    detail: 'One worker did not respond, so metrics are incomplete. Try again.',
    retryAfterS: 1,
  });
}
