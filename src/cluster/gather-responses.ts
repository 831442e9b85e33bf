import type { Worker } from 'node:cluster';
import { RESPONSE_TIMEOUT_MS, isMessage, type Message } from './worker-bus.ts';

interface PendingQuery {
  readonly requester: Worker;
  /** Workers that have not responded yet. */
  readonly open: Set<Worker>;
  readonly values: unknown[];
  readonly timer: NodeJS.Timeout;
}

/**
 * Forwards each query of a worker to all workers, and sends it their responses. Runs in the primary.
 *
 * @param onReady called when a worker begins to serve.
 */
export function gatherResponses(onReady: (worker: Worker) => void) {
  const joined = new Set<Worker>();
  const queries = new Map<string, PendingQuery>();

  function settle(id: string, { requester, open, values, timer }: PendingQuery): void {
    clearTimeout(timer);
    queries.delete(id);
    send(requester, { zbff: true, type: 'result', id, values, missing: open.size });
  }

  function forward(requester: Worker, { id, kind, payload }: Extract<Message, { kind: string }>): void {
    const timer = setTimeout(() => settle(id, query), RESPONSE_TIMEOUT_MS);
    const query: PendingQuery = { requester, open: new Set(joined), values: [], timer };
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
    query.values.push(message.value);
    if (query.open.size === 0) settle(message.id, query);
  }

  return {
    follow(worker: Worker): void {
      worker.on('message', (message: unknown) => onMessage(worker, message));
      // A dead worker serves nothing, so queries do not wait for it.
      worker.on('exit', () => {
        joined.delete(worker);
        for (const [id, query] of queries)
          if (query.open.delete(worker) && query.open.size === 0) settle(id, query);
      });
    },
  };
}

function send(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message, undefined, undefined, () => {});
}
