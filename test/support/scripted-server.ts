import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A response, or a function that takes over the connection. */
export type Script =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | ((res: ServerResponse, request: ReceivedRequest) => void);

export interface ScriptedServer {
  readonly url: string;
  /** The requests received so far. */
  readonly requests: ReceivedRequest[];
  /** Sets the responses to the next requests, in order. The last one is repeated. */
  respond(...scripts: Script[]): void;
  stop(): Promise<void>;
}

/** Starts an HTTP server that sends prepared responses. Bodies are sent as JSON, or as a problem from status 400. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  let scripts: Script[] = [];
  const requests: ReceivedRequest[] = [];
  const server = createServer((req, res) => {
    void text(req).then((body) => {
      const request = { method: req.method!, path: req.url!, headers: req.headers, body };
      requests.push(request);
      const script = scripts.length > 1 ? scripts.shift()! : scripts[0]!;
      if (typeof script === 'function') return script(res, request);
      const { status = 200, headers = {}, body: content } = script;
      const type = status < 400 ? 'application/json' : 'application/problem+json';
      res.writeHead(status, content === undefined ? headers : { 'content-type': type, ...headers });
      res.end(content === undefined ? '' : JSON.stringify(content));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    respond(...next) {
      scripts = next;
      requests.length = 0;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
