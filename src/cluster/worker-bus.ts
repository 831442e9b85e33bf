import cluster from 'node:cluster';

/** What one process asks of all that serve the same ports, itself included. */
export interface WorkerBus {
  /** Says how this process answers a question of this kind. */
  on(kind: string, answer: (payload: unknown) => unknown): void;
  /**
   * The answers of all processes; `missing` counts those that did not give one in time. Rejects where this
   * process is alone and cannot answer.
   */
  query(kind: string, payload?: unknown): Promise<Answers>;
  /** Says that this process serves. */
  ready(): void;
}

export interface Answers {
  readonly values: readonly unknown[];
  readonly missing: number;
}

/** What goes between a worker and the primary, which passes questions on and gathers the answers. */
export type Message = { readonly zbff: true } & (
  | { readonly type: 'joined' | 'ready' }
  | { readonly type: 'ask' | 'question'; readonly id: string; readonly kind: string; payload?: unknown }
  | { readonly type: 'answer'; readonly id: string; readonly value: unknown }
  | ({ readonly type: 'answers'; readonly id: string } & Answers)
);

/** How long a process may take to answer. */
export const ANSWER_MS = 1000;

export function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'zbff' in message;
}

type Handlers = Map<string, (payload: unknown) => unknown>;

/**
 * The other processes, by way of the primary; this one alone where there are none.
 *
 * @param several whether there are: a process manager's workers are not each other's siblings.
 */
export function createWorkerBus(several: boolean): WorkerBus {
  const handlers: Handlers = new Map();
  const on: WorkerBus['on'] = (kind, answer) => void handlers.set(kind, answer);
  if (!several || !cluster.isWorker) {
    return {
      on,
      query: async (kind, payload) => ({ values: [await handlers.get(kind)?.(payload)], missing: 0 }),
      ready: () => {},
    };
  }
  return { on, query: askThroughPrimary(handlers), ready: () => send({ zbff: true, type: 'ready' }) };
}

function askThroughPrimary(handlers: Handlers): WorkerBus['query'] {
  const waiting = new Map<string, (answers: Answers) => void>();
  let asked = 0;
  process.on('message', (message: unknown) => {
    if (!isMessage(message)) return;
    if (message.type === 'answers') waiting.get(message.id)?.(message);
    if (message.type !== 'question') return;
    const { id, kind, payload } = message;
    // One that fails is as good as one that is missing.
    void Promise.resolve()
      .then(() => handlers.get(kind)?.(payload))
      .then(
        (value) => send({ zbff: true, type: 'answer', id, value }),
        () => {},
      );
  });
  send({ zbff: true, type: 'joined' });
  return (kind, payload) =>
    new Promise((resolve) => {
      const id = `${process.pid}.${(asked += 1)}`;
      const settle = (answers: Answers): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(answers);
      };
      const timer = setTimeout(() => settle({ values: [], missing: 1 }), 2 * ANSWER_MS);
      waiting.set(id, settle);
      send({ zbff: true, type: 'ask', id, kind, payload });
    });
}

function send(message: Message): void {
  // The primary may be gone, which this process hears of and drains for.
  if (process.connected) process.send!(message, undefined, undefined, () => {});
}
