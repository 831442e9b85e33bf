import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SlowCall {
  readonly at: number;
  readonly contactId: string;
  readonly developerSecret: string;
}

export interface SlowUpstream {
  readonly url: string;
  /** When each call came, in milliseconds of a monotonic clock, with its contact; oldest first. */
  readonly calls: readonly SlowCall[];
  /** The most calls that were ever under way at a time. */
  readonly mostAtATime: number;
  readonly underWay: number;
  /** Answers no call from now on until it is released. */
  hold(): void;
  release(): void;
  stop(): Promise<void>;
}

/** An upstream that knows every contact and takes its time, and counts how many calls it has at a time. */
export async function startSlowUpstream(delayMs: number): Promise<SlowUpstream> {
  const calls: SlowCall[] = [];
  let mostAtATime = 0;
  let underWay = 0;
  let held: PromiseWithResolvers<void> | undefined;
  const server = createServer(async (req, res) => {
    underWay += 1;
    mostAtATime = Math.max(mostAtATime, underWay);
    res.on('close', () => (underWay -= 1));
    let text = '';
    for await (const chunk of req.setEncoding('utf8')) text += String(chunk);
    const body = JSON.parse(text) as { contact_id: string; developer_secret: string };
    const contactId = body.contact_id;
    calls.push({ at: performance.now(), contactId, developerSecret: body.developer_secret });
    await sleep(delayMs);
    await held?.promise;
    const data = { contact: { contact_id: contactId }, notes: null, entity: null, signals: null };
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ status: 'success', data: { ...data, contact_profile: null } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    get mostAtATime() {
      return mostAtATime;
    },
    get underWay() {
      return underWay;
    },
    hold: () => void (held = Promise.withResolvers()),
    release: () => {
      held?.resolve();
      held = undefined;
    },
    stop: async () => {
      held?.resolve();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
