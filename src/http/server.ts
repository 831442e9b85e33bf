import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { AppError, type ErrorCode } from '../errors.ts';
import { Bag, type Held } from './bag.ts';
import type { Application } from './messages.ts';
import { problemOf } from './problem.ts';
import { JSON_HEADERS } from './security-headers.ts';

export interface ServerOptions {
  readonly host: string | undefined;
  readonly port: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long a client may take to read an answer. */
  readonly sendTimeoutMs: number;
  readonly maxConnections: number;
}

/** A request that is being answered. */
interface Exchange extends Held {
  readonly res: ServerResponse;
  /** When all of the answer was seen to be on its way. */
  completeSince: number;
}

export interface RunningServer {
  readonly port: number;
  /**
   * Asks clients to close, keeps serving until what is under way has ended, and closes. What is left after
   * `graceMs` is cut off. Resolves with how many connections had to be.
   */
  drain(graceMs: number): Promise<number>;
}

const CONNECTION_CHECK_MS = 1000;
const READER_CHECK_MS = 1000;
const DRAIN_CHECK_MS = 20;
/** How long a client that was cut off may take to read why. */
const LINGER_MS = 1000;
/** How long nothing must come before a draining server stops to listen. */
const QUIET_MS = 250;
/** How long to take connections that the kernel has accepted for us. */
const BACKLOG_MS = 500;
/** How long a new connection may take to begin its first request once the server drains. */
const FIRST_BYTE_MS = 500;

/** @throws Error of Node's, such as EADDRINUSE. */
export async function listen(
  { handle, ...messages }: Application,
  options: ServerOptions,
): Promise<RunningServer> {
  let draining = false;
  let lastRequestAt = 0;
  let accepted = 0;
  /** Requests that wait for the server to stop listening. */
  let held: (() => void)[] | undefined;
  const underWay = new Bag<Exchange>();
  /** Connections that have sent no whole request yet, and when they came. */
  const unused = new Map<Socket, number>();
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      optimizeEmptyRequests: true,
      // Otherwise `NODE_OPTIONS=--insecure-http-parser` accepts ambiguous framing (RFC 9112 section 11.2).
      insecureHTTPParser: false,
      connectionsCheckingInterval: CONNECTION_CHECK_MS,
      ...messages,
    },
    (req, res) => {
      lastRequestAt = performance.now();
      unused.delete(req.socket);
      const exchange = { res, completeSince: Infinity, place: 0 };
      underWay.add(exchange);
      res.on('close', () => underWay.remove(exchange));
      if (draining) res.setHeader('Connection', 'close');
      if (held) held.push(() => void (res.destroyed || handle(req, res)));
      else handle(req, res);
    },
  );
  server.maxConnections = options.maxConnections;
  server.on('clientError', answerClientError);
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    unused.set(socket, performance.now());
    socket.on('close', () => unused.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });

  /**
   * Accepts the connections that the kernel holds for us, which closing would reset. Requests wait meanwhile,
   * so that clients that come back at once with the next do not keep it from ending.
   */
  async function acceptBacklog(): Promise<void> {
    held = [];
    const end = performance.now() + BACKLOG_MS;
    let before = -1;
    while (accepted !== before && performance.now() < end) {
      before = accepted;
      await pause(DRAIN_CHECK_MS);
    }
  }
  function release(): void {
    const waiting = held ?? [];
    held = undefined;
    for (const handleHeld of waiting) handleHeld();
  }

  /** An answer that is complete but for being read is given so long, and then its connection is closed. */
  function cutOffSlowReaders(): void {
    const now = performance.now();
    for (const exchange of underWay) {
      if (!exchange.res.writableEnded) continue;
      if (exchange.completeSince === Infinity) exchange.completeSince = now;
      else if (now - exchange.completeSince >= options.sendTimeoutMs) exchange.res.destroy();
    }
  }
  const readers = setInterval(cutOffSlowReaders, Math.min(READER_CHECK_MS, options.sendTimeoutMs / 4));
  readers.unref();

  const busy = () => underWay.size > 0 || performance.now() - lastRequestAt < QUIET_MS;
  /** Whether a request is on its way in on a connection that was accepted. */
  function beginning(): boolean {
    for (const [socket, since] of unused) {
      if (socket.bytesRead > 0 || performance.now() - since < FIRST_BYTE_MS) return true;
    }
    return false;
  }

  return {
    port: (server.address() as AddressInfo).port,
    async drain(graceMs) {
      draining = true;
      for (const { res } of underWay) if (!res.headersSent) res.setHeader('Connection', 'close');
      const end = performance.now() + graceMs;
      // A balancer needs a moment to notice, so what still comes is served for as long as anything is.
      const stopListening = end - graceMs / 2;
      lastRequestAt = performance.now();
      while (busy() && performance.now() < stopListening) await pause(DRAIN_CHECK_MS);
      await acceptBacklog();
      // Closes idle connections too, all of which were told or have been quiet.
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      release();
      while ((underWay.size > 0 || beginning()) && performance.now() < end) await pause(DRAIN_CHECK_MS);
      const cutOff = underWay.size;
      clearInterval(readers);
      server.closeAllConnections();
      await closed;
      return cutOff;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What Node could not parse, or would not wait for, still gets a problem and helmet's headers. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase, code] = STATUS_LINES[error.code ?? ''] ?? [400, 'Bad Request', 'INVALID_REQUEST'];
  const problem = { ...problemOf(new AppError(code)), status, requestId: randomUUID() };
  const body = JSON.stringify(problem);
  const headers = [
    `HTTP/1.1 ${status} ${phrase}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${problem.requestId}`,
    ...[...JSON_HEADERS].map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
  // A client that goes on sending would keep its half open for ever.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

const STATUS_LINES: Readonly<Record<string, readonly [number, string, ErrorCode]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'REQUEST_HEADERS_TOO_LARGE'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Content Too Large', 'CONTENT_TOO_LARGE'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'INVALID_REQUEST'],
};
