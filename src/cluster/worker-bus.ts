import cluster from 'node:cluster';

/** Queries to all processes that serve the same ports, this one included. */
export interface WorkerBus {
  /** Sets the handler of this process for one kind of query. */
  on(kind: string, handler: (payload: unknown) => unknown): void;
  /**
   * Resolves with the responses of all processes; `missing` counts those that failed or timed out. Rejects if
   * this is the only process and its handler fails.
   */
  query(kind: string, payload?: unknown): Promise<QueryResult>;
  /** Reports that this process accepts requests. */
  ready(): void;
}

export interface QueryResult {
  readonly values: readonly unknown[];
  readonly missing: number;
}

/** The messages between a worker and the primary, which forwards queries and gathers the responses. */
export type Message = { readonly zbff: true } & (
  | { readonly type: 'joined' | 'ready' }
  | { readonly type: 'query' | 'request'; readonly id: string; readonly kind: string; payload?: unknown }
  | { readonly type: 'response'; readonly id: string; readonly value: unknown }
  | ({ readonly type: 'result'; readonly id: string } & QueryResult)
);

/** The kind of query for the metrics of all processes, to which the primary adds those of departed workers. */
export const METRICS = 'metrics';

/** Time for a process to respond. */
export const RESPONSE_TIMEOUT_MS = 1000;

export function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'zbff' in message;
}

type Handlers = Map<string, (payload: unknown) => unknown>;

/**
 * Creates the bus. It reaches the other processes through the primary, or only this one if it is alone.
 *
 * @param several whether this program runs several workers. Workers of a process manager do not share a bus.
 */
export function createWorkerBus(several: boolean): WorkerBus {
  const handlers: Handlers = new Map();
  const on: WorkerBus['on'] = (kind, handler) => void handlers.set(kind, handler);
  if (!several || !cluster.isWorker) {
    return {
      on,
      query: async (kind, payload) => ({ values: [await handlers.get(kind)?.(payload)], missing: 0 }),
      ready: () => {},
    };
  }
  return { on, query: queryThroughPrimary(handlers), ready: () => send({ zbff: true, type: 'ready' }) };
}

function queryThroughPrimary(handlers: Handlers): WorkerBus['query'] {
  const pending = new Map<string, (result: QueryResult) => void>();
  let sent = 0;
  process.on('message', (message: unknown) => {
    if (!isMessage(message)) return;
    if (message.type === 'result') pending.get(message.id)?.(message);
    if (message.type !== 'request') return;
    const { id, kind, payload } = message;
    // A handler that fails sends no response, so it counts as missing.
    void Promise.resolve()
      .then(() => handlers.get(kind)?.(payload))
      .then(
        (value) => send({ zbff: true, type: 'response', id, value }),
        () => {},
      );
  });
  send({ zbff: true, type: 'joined' });
  return (kind, payload) =>
    new Promise((resolve) => {
      const id = `${process.pid}.${(sent += 1)}`;
      const settle = (result: QueryResult): void => {
        clearTimeout(timer);
        pending.delete(id);
        resolve(result);
      };
      const timer = setTimeout(() => settle({ values: [], missing: 1 }), 2 * RESPONSE_TIMEOUT_MS);
      pending.set(id, settle);
      send({ zbff: true, type: 'query', id, kind, payload });
    });
}

function send(message: Message): void {
  // If the primary is gone, this process gets a `disconnect` event and drains.
  if (process.connected) process.send!(message, undefined, undefined, () => {});
}
