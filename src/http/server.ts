import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { AppError } from '../errors.ts';
import { problemOf } from './problem.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

export interface ServerOptions {
  readonly host: string | undefined;
  readonly port: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
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
const DRAIN_CHECK_MS = 20;

/** @throws Error of Node's, such as EADDRINUSE. */
export async function listen(handle: RequestListener, options: ServerOptions): Promise<RunningServer> {
  let draining = false;
  const underWay = new Set<ServerResponse>();
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      connectionsCheckingInterval: CONNECTION_CHECK_MS,
    },
    (req, res) => {
      underWay.add(res);
      res.on('close', () => underWay.delete(res));
      if (draining) res.setHeader('Connection', 'close');
      handle(req, res);
    },
  );
  server.maxConnections = options.maxConnections;
  server.on('clientError', answerClientError);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    async drain(graceMs) {
      draining = true;
      for (const res of underWay) if (!res.headersSent) res.setHeader('Connection', 'close');
      const end = Date.now() + graceMs;
      // A balancer needs a moment to notice, so what still comes is served for as long as anything is.
      const stopListening = end - graceMs / 2;
      while (underWay.size > 0 && Date.now() < stopListening) await pause(DRAIN_CHECK_MS);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      while (underWay.size > 0 && Date.now() < end) await pause(DRAIN_CHECK_MS);
      const cutOff = underWay.size;
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
  const [status, phrase] = STATUS_LINES[error.code ?? ''] ?? [400, 'Bad Request'];
  const problem = { ...problemOf(new AppError('INVALID_REQUEST')), status, requestId: randomUUID() };
  const body = JSON.stringify(problem);
  const headers = [
    `HTTP/1.1 ${status} ${phrase}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${problem.requestId}`,
    ...[...SECURITY_HEADERS].map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}

const STATUS_LINES: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Content Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};
