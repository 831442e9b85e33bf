import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { AppError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import type { Connection } from './connection.ts';
import { problemOf } from './problem.ts';
import { JSON_HEADERS } from './security-headers.ts';

/** How long a client may take to read the response before its connection is closed. */
const LINGER_MS = 1000;

/** A request that was refused before the application received it. */
export interface Refused {
  readonly requestId: string;
  readonly status: number;
  readonly code: ErrorCode;
  /** Node's code of the error. */
  readonly reason: string | undefined;
}

export type OnRefused = (refused: Refused) => void;

type Refusal = readonly [code: ErrorCode, details?: Pick<ErrorDetails, 'status'>];

const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: ['REQUEST_HEADERS_TOO_LARGE'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['CONTENT_TOO_LARGE'],
  HPE_INVALID_VERSION: ['INVALID_REQUEST', { status: 505 }],
  ERR_HTTP_REQUEST_TIMEOUT: ['INVALID_REQUEST', { status: 408 }],
};
const BAD_REQUEST: Refusal = ['INVALID_REQUEST'];

/** Responds to bytes that Node's parser rejects and to requests that did not arrive in time. */
export function refuseUnparsed(
  error: NodeJS.ErrnoException,
  socket: Socket,
  connection: Connection | undefined,
  onRefused: OnRefused,
): void {
  // Bytes after a request with `Connection: close` are not a request (RFC 9112 section 9.6).
  if (error.code === 'HPE_CLOSED_CONNECTION' && connection && connection.unanswered > 0) return;
  if (error.code === 'ECONNRESET' || !connection || !socket.writable) {
    // The parser reports the error again for each chunk that arrives until the client has read the response.
    if (!connection?.refused) socket.destroy();
    return;
  }
  refuseConnection(connection, REFUSALS[error.code ?? ''] ?? BAD_REQUEST, (sent) =>
    onRefused({ ...sent, reason: error.code }),
  );
}

/** Rejects a CONNECT: the server does not open tunnels (RFC 9110 section 9.3.6). */
export function refuseConnect(
  socket: Socket,
  connection: Connection | undefined,
  onRefused: OnRefused,
): void {
  // Node has removed its own listener.
  socket.on('error', () => socket.destroy());
  if (connection && socket.writable)
    refuseConnection(connection, BAD_REQUEST, (sent) => onRefused({ ...sent, reason: 'CONNECT' }));
  else socket.destroy();
}

/** Sends a problem after the responses that are in flight, as the last response of the connection. */
function refuseConnection(
  connection: Connection,
  refusal: Refusal,
  onSent: (sent: Omit<Refused, 'reason'>) => void,
): void {
  if (connection.refused) return;
  connection.refused = true;
  const { socket, newest } = connection;
  // The newest request may be the broken one, if its body is still arriving.
  const broken = newest && !newest.req.complete ? newest : undefined;
  const sendWhenLast = () => {
    if (connection.unanswered > (broken && !broken.res.closed ? 1 : 0)) return;
    connection.onResponseClosed = undefined;
    if (!socket.writable || broken?.res.headersSent) socket.destroy();
    else onSent(sendProblem(socket, refusal, broken?.req.method === 'HEAD'));
  };
  connection.onResponseClosed = sendWhenLast;
  sendWhenLast();
}

function sendProblem(socket: Socket, refusal: Refusal, isHead: boolean): Omit<Refused, 'reason'> {
  const requestId = randomUUID();
  // The target of the request is not known.
  const instance = `urn:uuid:${requestId}`;
  const problem = { ...problemOf(new AppError(...refusal)), instance, requestId };
  const body = JSON.stringify(problem);
  const headers = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${problem.requestId}`,
    ...[...JSON_HEADERS].map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${isHead ? '' : body}`);
  // A client that does not close its side would keep the connection open.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
  return { requestId, status: problem.status, code: problem.code };
}
