import { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { listen, type RunningServer, type ServerOptions } from '../../src/http/server.ts';
import { waitFor } from '../support/wait-for.ts';

const started: RunningServer[] = [];
const sockets: net.Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(started.splice(0).map((server) => server.drain(0)));
});

async function start(options: Partial<ServerOptions> = {}, body: string | Buffer = 'ok'): Promise<number> {
  const server = await listen(
    {
      IncomingMessage,
      ServerResponse,
      handle(req, res) {
        // A request without a body has ended already.
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

/** Sends a byte now and then, until the other side has had enough. */
function trickle({ socket }: Client, text: string): void {
  let sent = 0;
  const timer = setInterval(() => socket.writable && socket.write(text[sent++ % text.length]!), 50);
  socket.on('close', () => clearInterval(timer));
}

const closing = (client: Client) => waitFor('the connection to be closed', () => client.closed);

test('headers that trickle in are answered with 408 and cut off', async () => {
  const client = await connect(await start());
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  trickle(client, 'a');
  await closing(client);
  expect(client.text).toMatch(/^HTTP\/1\.1 408 .*"code":"INVALID_REQUEST"/s);
});

test('a client that goes on sending after it was answered is cut off all the same', async () => {
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

test('so is a body, and a connection that says nothing', async () => {
  const port = await start();
  const [slow, silent] = [await connect(port), await connect(port)];
  slow.socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  trickle(slow, '1\r\na\r\n');
  await Promise.all([closing(slow), closing(silent)]);
  expect(slow.text).toMatch(/^HTTP\/1\.1 408 /);
});

test('an idle connection is closed after its keep-alive time', async () => {
  const client = await connect(await start());
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await closing(client);
  expect(client.text).toMatch(/^HTTP\/1\.1 200 /);
});

test('an answer that nobody reads is cut off, and does not hold up the end', async () => {
  const port = await start({}, Buffer.alloc(64 * 1024 * 1024, 'x'));
  const client = await connect(port);
  client.socket.pause();
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [server] = started.splice(0);
  await waitFor('the request to be under way', () => client.socket.readableLength > 0);
  const begun = performance.now();
  expect(await server!.drain(20_000)).toBe(0);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test.each([
  ['headers', `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`],
  ['a path', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
])('%s of 20 kB are refused with 431', async (_what, bytes) => {
  const client = await connect(await start());
  client.socket.write(bytes);
  await closing(client);
  expect(client.text).toMatch(/^HTTP\/1\.1 431 .*"code":"REQUEST_HEADERS_TOO_LARGE"/s);
});

test('connections beyond the limit are closed at once, and others are served', async () => {
  const port = await start({ maxConnections: 3, headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 });
  const first = await Promise.all([connect(port), connect(port), connect(port)]);
  await closing(await connect(port));
  first[0].socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor('an answer', () => first[0].text.startsWith('HTTP/1.1 200'));
});
