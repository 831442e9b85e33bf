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
  /** Calls, oldest first. `at` is in milliseconds of a monotonic clock. */
  readonly calls: readonly SlowCall[];
  /** Highest number of calls in flight at the same time. */
  readonly maxInFlight: number;
  /** Holds back all further responses until `release`. */
  hold(): void;
  release(): void;
  stop(): Promise<void>;
}

/** Starts an upstream that knows every contact, responds after `delayMs`, and counts calls in flight. */
export async function startSlowUpstream(delayMs: number): Promise<SlowUpstream> {
  const calls: SlowCall[] = [];
  let maxInFlight = 0;
  let inFlight = 0;
  let held: PromiseWithResolvers<void> | undefined;
  const server = createServer(async (req, res) => {
    inFlight += 1;
    maxInFlight = Math.max(maxInFlight, inFlight);
    res.on('close', () => (inFlight -= 1));
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
    get maxInFlight() {
      return maxInFlight;
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
