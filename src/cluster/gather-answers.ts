import type { Worker } from 'node:cluster';
import { ANSWER_MS, isMessage, type Message } from './worker-bus.ts';

interface PendingQuery {
  readonly askedBy: Worker;
  readonly open: Set<Worker>;
  readonly values: unknown[];
  readonly timer: NodeJS.Timeout;
}

/**
 * The primary's part: puts each worker's question to all of them, and gives back what they say.
 *
 * @param onReady told of each that serves from now on.
 */
export function gatherAnswers(onReady: (worker: Worker) => void) {
  const joined = new Set<Worker>();
  const questions = new Map<string, PendingQuery>();

  function settle(id: string, { askedBy, open, values, timer }: PendingQuery): void {
    clearTimeout(timer);
    questions.delete(id);
    send(askedBy, { zbff: true, type: 'answers', id, values, missing: open.size });
  }

  function put(askedBy: Worker, { id, kind, payload }: Extract<Message, { kind: string }>): void {
    const timer = setTimeout(() => settle(id, question), ANSWER_MS);
    const question: PendingQuery = { askedBy, open: new Set(joined), values: [], timer };
    questions.set(id, question);
    for (const worker of joined) send(worker, { zbff: true, type: 'question', id, kind, payload });
  }

  function heard(worker: Worker, message: unknown): void {
    if (!isMessage(message)) return;
    if (message.type === 'joined') joined.add(worker);
    if (message.type === 'ready') onReady(worker);
    if (message.type === 'ask') put(worker, message);
    if (message.type !== 'answer') return;
    const question = questions.get(message.id);
    if (!question?.open.delete(worker)) return;
    question.values.push(message.value);
    if (question.open.size === 0) settle(message.id, question);
  }

  return {
    follow(worker: Worker): void {
      worker.on('message', (message: unknown) => heard(worker, message));
      // Whoever is dead serves nothing, so nobody need wait for it.
      worker.on('exit', () => {
        joined.delete(worker);
        for (const [id, question] of questions)
          if (question.open.delete(worker) && question.open.size === 0) settle(id, question);
      });
    },
  };
}

function send(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message, undefined, undefined, () => {});
}
