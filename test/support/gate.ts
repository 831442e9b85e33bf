import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface Gate {
  readonly url: string;
  /** Holds back the responses to further calls about this contact, or to all calls. */
  hold(contactId?: string): void;
  /** Releases all held responses, and holds no further ones. */
  release(): void;
  stop(): Promise<void>;
}

/** Starts a proxy that forwards calls at once and holds back responses until the test releases them. */
export async function startGate(target: string): Promise<Gate> {
  let held: string | undefined;
  let opened = Promise.withResolvers<void>();
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const isHeld = held !== undefined && body.includes(held);
    const { method, headers } = request;
    const call = http.request(`${target}${request.url}`, { method, headers, agent: false });
    const cut = (): void => void response.destroy();
    response.once('close', () => call.destroy());
    call.once('error', cut);
    call.once('response', async (answer) => {
      if (isHeld) await opened.promise;
      answer.once('error', cut);
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    call.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  function release(): void {
    held = undefined;
    opened.resolve();
    opened = Promise.withResolvers();
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: (contactId = '') => void (held = contactId),
    release,
    stop: async () => {
      release();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
