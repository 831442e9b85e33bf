import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { wantsContinue } from './middleware/protocol.ts';
import { closeAfterResponse, Connections } from './connections.ts';
import type { Application } from './application.ts';
import { refuseConnect, refuseUnparsed, type OnRefused } from './refuse-connection.ts';
import { cutOffSlowReaders } from './slow-readers.ts';

export interface ServerOptions {
  readonly host: string | undefined;
  readonly port: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Time for a client to read a complete response. */
  readonly sendTimeoutMs: number;
  readonly maxConnections: number;
  /** Called for each request that Node's parser refuses, after its response is sent. */
  readonly onRefused: OnRefused;
  /** Called when a connection cannot be accepted, for lack of descriptors for example. */
  readonly onAcceptError: (error: Error) => void;
}

export interface RunningServer {
  readonly port: number;
  /**
   * Sends `Connection: close`, finishes the requests in flight, and closes the server. Closes the remaining
   * connections after `graceMs`. Resolves with the number of requests that were cut off.
   */
  drain(graceMs: number): Promise<number>;
}

const CONNECTION_CHECK_MS = 1000;
const DRAIN_CHECK_MS = 20;
/** A draining server stops listening when no request has arrived for this time. */
const QUIET_MS = 250;
/** Time to accept the connections of the kernel's backlog. */
const BACKLOG_MS = 500;
/** Time for a new connection to begin its first request while the server drains. */
const FIRST_BYTE_MS = 500;

/** @throws Error from Node, such as EADDRINUSE, if the server cannot listen. */
export async function listen(
  { handle, bodyLimitOf, ...messages }: Application,
  options: ServerOptions,
): Promise<RunningServer> {
  let draining = false;
  let lastRequestAt = 0;
  let accepted = 0;
  /** Requests that wait for the server to stop listening. */
  let held: (() => void)[] | undefined;
  const connections = new Connections({
    maxConnections: options.maxConnections,
    handle(exchange) {
      const { req, res } = exchange;
      if (held) held.push(() => void (res.destroyed || handle(req, res)));
      else handle(req, res);
    },
  });
  const { exchanges } = connections;
  const onRequest: RequestListener = (req, res) => {
    lastRequestAt = performance.now();
    // Node drops the bytes after an offer to upgrade, so another request on the connection could be cut.
    const isLast = draining || offersUpgrade(req);
    if (isLast) res.setHeader('Connection', 'close');
    connections.take({ req, res, completeSince: Infinity, index: 0 });
    if (isLast) closeAfterResponse(req.socket);
  };
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      optimizeEmptyRequests: true,
      // Otherwise `NODE_OPTIONS=--insecure-http-parser` accepts ambiguous framing (RFC 9112 section 11.2).
      insecureHTTPParser: false,
      // The application rejects such requests itself, with a problem and the security headers.
      requireHostHeader: false,
      connectionsCheckingInterval: CONNECTION_CHECK_MS,
      ...messages,
    },
    onRequest,
  );
  server.on('checkExpectation', onRequest);
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    if (wantsContinue(req, bodyLimitOf(req))) res.writeContinue();
    onRequest(req, res);
  });
  server.on('connect', (_req, socket: Socket) =>
    refuseConnect(socket, connections.of(socket), options.onRefused),
  );
  server.on('clientError', (error, socket: Socket) =>
    refuseUnparsed(error, socket, connections.of(socket), options.onRefused),
  );
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    connections.open(socket);
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  server.on('error', options.onAcceptError);

  /**
   * Accepts the connections of the kernel's backlog, because `close` would reset them. Holds requests meanwhile,
   * so that a client that reconnects after each response does not prolong it.
   */
  async function acceptBacklog(): Promise<void> {
    held = [];
    const end = performance.now() + BACKLOG_MS;
    let before = -1;
    while (accepted !== before && performance.now() < end) {
      before = accepted;
      await sleep(DRAIN_CHECK_MS);
    }
  }
  function release(): void {
    const waiting = held ?? [];
    held = undefined;
    for (const handleHeld of waiting) handleHeld();
  }

  const stopCutOffs = cutOffSlowReaders(exchanges, options);

  const busy = () => exchanges.size > 0 || performance.now() - lastRequestAt < QUIET_MS;
  /** Returns whether an accepted connection may still deliver its first request. */
  function beginning(): boolean {
    for (const { used, socket, openedAt } of connections.idle()) {
      if (!used && (socket.bytesRead > 0 || performance.now() - openedAt < FIRST_BYTE_MS)) return true;
    }
    return false;
  }

  return {
    port: (server.address() as AddressInfo).port,
    async drain(graceMs) {
      draining = true;
      for (const exchange of exchanges) {
        const { req, res } = exchange;
        // A response with this header closes the connection, so only the last one may have it.
        if (res.headersSent || connections.of(req.socket)?.newest !== exchange) continue;
        res.setHeader('Connection', 'close');
        closeAfterResponse(req.socket);
      }
      const end = performance.now() + graceMs;
      // A load balancer needs time to stop sending requests, so new ones are served while others are in flight.
      const stopListening = end - graceMs / 2;
      lastRequestAt = performance.now();
      while (busy() && performance.now() < stopListening) await sleep(DRAIN_CHECK_MS);
      await acceptBacklog();
      // Closes idle connections too: each one received `Connection: close`, or was quiet.
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      release();
      while ((exchanges.size > 0 || beginning()) && performance.now() < end) await sleep(DRAIN_CHECK_MS);
      const cutOff = exchanges.size;
      stopCutOffs();
      // Node no longer knows the connection of a CONNECT.
      for (const { req } of exchanges) req.socket.destroy();
      server.closeAllConnections();
      await closed;
      return cutOff;
    },
  };
}

function offersUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.connection ?? '');
}
