import type { Worker } from 'node:cluster';
import type { Snapshot } from '../telemetry/aggregate.ts';
import { DepartedCounts } from './departed-counts.ts';
import { METRICS, RESPONSE_TIMEOUT_MS, isMessage, type Message } from './worker-bus.ts';

interface PendingQuery {
  readonly kind: string;
  readonly requester: Worker;
  /** Workers that have not responded yet. */
  readonly open: Set<Worker>;
  readonly values: Map<Worker, unknown>;
  readonly timer: NodeJS.Timeout;
}

/**
 * Forwards each query of a worker to all workers, and sends it their responses. Adds the counts of workers that
 * have exited to the metrics. Runs in the primary.
 *
 * @param onReady called when a worker begins to serve.
 */
export function gatherResponses(onReady: (worker: Worker) => void) {
  const joined = new Set<Worker>();
  const queries = new Map<string, PendingQuery>();
  const departed = new DepartedCounts();

  function settle(id: string, { kind, requester, open, values, timer }: PendingQuery): void {
    clearTimeout(timer);
    queries.delete(id);
    const all = [...values.values(), ...(kind === METRICS ? [departed.snapshot] : [])];
    send(requester, { zbff: true, type: 'result', id, values: all, missing: open.size });
  }

  function forward(requester: Worker, { id, kind, payload }: Extract<Message, { kind: string }>): void {
    const timer = setTimeout(() => settle(id, query), RESPONSE_TIMEOUT_MS);
    const query: PendingQuery = { kind, requester, open: new Set(joined), values: new Map(), timer };
    queries.set(id, query);
    for (const worker of joined) send(worker, { zbff: true, type: 'request', id, kind, payload });
  }

  function onMessage(worker: Worker, message: unknown): void {
    if (!isMessage(message)) return;
    if (message.type === 'joined') joined.add(worker);
    if (message.type === 'ready') onReady(worker);
    if (message.type === 'query') forward(worker, message);
    if (message.type !== 'response') return;
    const query = queries.get(message.id);
    if (!query?.open.delete(worker)) return;
    query.values.set(worker, message.value);
    if (query.kind === METRICS) departed.record(worker, message.value as Snapshot);
    if (query.open.size === 0) settle(message.id, query);
  }

  return {
    follow(worker: Worker): void {
      worker.on('message', (message: unknown) => onMessage(worker, message));
      // A dead worker serves nothing, so queries do not wait for it, and its counts are among the departed.
      worker.on('exit', () => {
        joined.delete(worker);
        departed.depart(worker);
        for (const [id, query] of queries) {
          query.values.delete(worker);
          if (query.open.delete(worker) && query.open.size === 0) settle(id, query);
        }
      });
    },
  };
}

function send(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message, undefined, undefined, () => {});
}
