import { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { jest } from '@jest/globals';
import { listen, type RunningServer, type ServerOptions } from '../../src/http/server.ts';
import { waitFor } from '../support/wait-for.ts';

const started: RunningServer[] = [];
const sockets: net.Socket[] = [];
let requestsSeen = 0;
afterEach(async () => {
  requestsSeen = 0;
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(started.splice(0).map((server) => server.drain(0)));
});

async function start(options: Partial<ServerOptions> = {}, body: string | Buffer = 'ok'): Promise<number> {
  const server = await listen(
    {
      IncomingMessage,
      ServerResponse,
      bodyLimitOf: () => 1024,
      handle(req, res) {
        requestsSeen += 1;
        // A request without a body emits `end` before this.
        if (req.readableEnded) return res.end(body);
        req.resume();
        return req.on('end', () => res.end(body));
      },
    },
    {
      host: '127.0.0.1',
      port: 0,
      headersTimeoutMs: 500,
      requestTimeoutMs: 1000,
      keepAliveTimeoutMs: 500,
      sendTimeoutMs: 500,
      maxConnections: 100,
      onAcceptError: () => {},
      onRefused: () => {},
      ...options,
    },
  );
  started.push(server);
  return server.port;
}

interface Client {
  readonly socket: net.Socket;
  text: string;
  closed: boolean;
}

async function connect(port: number): Promise<Client> {
  const socket = net.connect(port, '127.0.0.1');
  sockets.push(socket);
  const client: Client = { socket, text: '', closed: false };
  socket.on('data', (chunk: Buffer) => (client.text += chunk.toString('latin1')));
  socket.on('close', () => (client.closed = true));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return client;
}

/** Sends a byte every 50 ms until the connection is closed. */
function trickle({ socket }: Client, text: string): void {
  let sent = 0;
  const timer = setInterval(() => socket.writable && socket.write(text[sent++ % text.length]!), 50);
  socket.on('close', () => clearInterval(timer));
}

const closing = (client: Client) => waitFor('the connection to be closed', () => client.closed);

test('returns 408 and closes the connection when headers arrive too slowly', async () => {
  const client = await connect(await start());
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  trickle(client, 'a');
  await closing(client);
  expect(client.text).toMatch(/^HTTP\/1\.1 408 .*"code":"INVALID_REQUEST"/s);
});

test('closes the connection when a client continues to send after a 408', async () => {
  const socket = net.connect({ port: await start(), host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  const client: Client = { socket, text: '', closed: false };
  socket.on('error', () => (client.closed = true));
  socket.resume();
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  trickle(client, 'a');
  await closing(client);
});

test('closes connections with a slow body or without any request', async () => {
  const port = await start();
  const [slow, silent] = [await connect(port), await connect(port)];
  slow.socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  trickle(slow, '1\r\na\r\n');
  await Promise.all([closing(slow), closing(silent)]);
  expect(slow.text).toMatch(/^HTTP\/1\.1 408 /);
});

test('closes an idle connection after the keep-alive timeout', async () => {
  const client = await connect(await start());
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await closing(client);
  expect(client.text).toMatch(/^HTTP\/1\.1 200 /);
});

test('cuts off a response that the client does not read, so that drain can finish', async () => {
  const port = await start({}, Buffer.alloc(64 * 1024 * 1024, 'x'));
  const client = await connect(port);
  client.socket.pause();
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [server] = started.splice(0);
  await waitFor('the response to begin', () => client.socket.readableLength > 0);
  const startedAt = performance.now();
  expect(await server!.drain(20_000)).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});

test.each([
  ['headers', `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`],
  ['a path', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
])('returns 431 for %s of 20 kB', async (_title, bytes) => {
  const client = await connect(await start());
  client.socket.write(bytes);
  await closing(client);
  expect(client.text).toMatch(/^HTTP\/1\.1 431 .*"code":"REQUEST_HEADERS_TOO_LARGE"/s);
});

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const longTimeouts = { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000, keepAliveTimeoutMs: 60_000 };

test('closes the longest idle connection when a new one exceeds the limit', async () => {
  const port = await start({ ...longTimeouts, maxConnections: 3 });
  const [first, second, third] = [await connect(port), await connect(port), await connect(port)];
  first.socket.write(GET);
  await waitFor('a response', () => first.text.startsWith('HTTP/1.1 200'));
  const fourth = await connect(port);
  await closing(second);
  fourth.socket.write(GET);
  await waitFor('a response', () => fourth.text.startsWith('HTTP/1.1 200'));
  expect([first.closed, third.closed]).toEqual([false, false]);
});

test('closes a connection over the limit at once if none is idle', async () => {
  const port = await start({ ...longTimeouts, maxConnections: 2 });
  const busy = [await connect(port), await connect(port)];
  for (const { socket } of busy) socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na');
  await waitFor('both requests', () => requestsSeen >= 2);
  await closing(await connect(port));
  for (const { socket } of busy) socket.write('b');
  for (const client of busy) await waitFor('a response', () => client.text.startsWith('HTTP/1.1 200'));
});

test.each([
  [
    'ignores bytes after Connection: close',
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n${GET}`,
    [200],
  ],
  [
    'returns 400 for a malformed request after the responses in flight',
    `${GET}${GET}BROKEN\r\n\r\n`,
    [200, 200, 400],
  ],
  [
    'returns 400 once for a malformed body',
    `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n`,
    [400],
  ],
  ['returns 400 for CONNECT after a request', `${GET}CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n`, [200, 400]],
  ['returns 505 for an unknown HTTP version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', [505]],
])('%s', async (_title, bytes, statuses) => {
  const client = await connect(await start());
  client.socket.write(bytes);
  await closing(client);
  expect([...client.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))).toEqual(
    statuses,
  );
});

const expecting = (length: number) =>
  `POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;

test('does not send 100 (Continue) if the declared length of the body is over the limit', async () => {
  const port = await start(longTimeouts);
  const client = await connect(port);
  client.socket.write(expecting(3));
  await waitFor('100', () => client.text === 'HTTP/1.1 100 Continue\r\n\r\n');
  client.socket.write(`abc${expecting(4096)}`);
  await waitFor('the second request', () => requestsSeen === 2);
  client.socket.write('a'.repeat(4096));
  await waitFor('both responses', () => client.text.split('HTTP/1.1 200').length === 3);
  expect(client.text.split('HTTP/1.1 100')).toHaveLength(2);
});

test('queues pipelined requests over the limit, and responds to all of them', async () => {
  const port = await start(longTimeouts);
  const client = await connect(port);
  const slow = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n';
  client.socket.write(GET.repeat(100) + slow);
  await waitFor('the responses', () => client.text.split('HTTP/1.1 200').length === 101);
  client.socket.write(`a${GET}`);
  await waitFor('the rest', () => client.text.split('HTTP/1.1 200').length === 103);
});

test('reports connections that cannot be accepted, and keeps running', async () => {
  const codes: unknown[] = [];
  const listening = jest.spyOn(net.Server.prototype, 'listen');
  await start({ onAcceptError: (error: NodeJS.ErrnoException) => codes.push(error.code) });
  const [server] = listening.mock.contexts as net.Server[];
  listening.mockRestore();
  for (let time = 0; time < 2; time += 1)
    server!.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  expect(codes).toEqual(['EMFILE', 'EMFILE']);
});

const CONNECT = 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n';

test('forgets the requests before a CONNECT when their connection has closed', async () => {
  const port = await start(longTimeouts);
  const client = await connect(port);
  await new Promise((resolve) => client.socket.write(`${GET.repeat(1000)}${CONNECT}`, resolve));
  await waitFor('a request', () => requestsSeen > 0);
  client.socket.resetAndDestroy();
  expect(await started.splice(0)[0]!.drain(10_000)).toBe(0);
});

test('ends the drain although a client that sent a CONNECT does not read', async () => {
  const port = await start(longTimeouts, Buffer.alloc(64 * 1024 * 1024, 'x'));
  const client = await connect(port);
  client.socket.pause();
  client.socket.write(`${GET}${CONNECT}`);
  await waitFor('the response to begin', () => client.socket.readableLength > 0);
  expect(await started.splice(0)[0]!.drain(100)).toBe(1);
});
