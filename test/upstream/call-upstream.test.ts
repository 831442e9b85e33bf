import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { callUpstream } from '../../src/upstream/call-upstream.ts';
import { createTransport, type ReplaceableTransport } from '../../src/upstream/transport.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const BODY = '{"status":"success"}';
const OK = `HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;

let transport: ReplaceableTransport;
let sockets: Set<Socket>;
let stop: () => Promise<void>;
/** Chunks to write as the response. Empty for no response. */
let answer: readonly (string | Buffer)[];
/** The head of the last request. */
let requestHead: string;
let thenClose: boolean;

async function open(options: { asProxy?: boolean } = {}): Promise<void> {
  sockets = new Set();
  answer = [OK];
  thenClose = false;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.on('data', (chunk) => {
      requestHead = chunk.toString('latin1');
      for (const piece of answer) socket.write(piece);
      if (thenClose) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  transport = createTransport({
    baseUrl: options.asProxy ? new URL('http://upstream.example/') : url,
    localAddress: undefined,
    proxy: options.asProxy ? { url, authorization: undefined } : undefined,
    connectTimeoutMs: 300,
  });
  stop = async () => {
    await transport.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
}
afterEach(() => stop());

const call = ({ signal = new AbortController().signal, ms = 5000 } = {}) =>
  callUpstream(
    { transport, maxResponseBytes: 100, now: () => performance.now() },
    '/path',
    {},
    { signal, deadline: performance.now() + ms },
  );
const allClosed = () => waitFor('connections to be closed', () => sockets.size === 0);

describe('an upstream response', () => {
  beforeEach(() => open());

  test('is read completely, and its connection is reused', async () => {
    expect(await call()).toBe(BODY);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await call()).toBe(BODY);
    expect(sockets.size).toBe(1);
  });

  test('is read after interim 1xx responses', async () => {
    answer = ['HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n', OK];
    expect(await call()).toBe(BODY);
  });

  test('may be delimited by the end of its connection', async () => {
    answer = [`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${BODY}`];
    thenClose = true;
    expect(await call()).toBe(BODY);
  });

  test.each([
    ['with a status other than 200', 'HTTP/1.1 302 Found\r\ncontent-length: 5\r\n\r\n', 'HTTP_302'],
    ['with a Content-Length over the limit', 'HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n', 'TOO_LARGE'],
    [
      'with a chunked body over the limit',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n65\r\n${'x'.repeat(0x65)}\r\n`,
      'TOO_LARGE',
    ],
    ['that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'HPE_INVALID'],
  ])('%s is rejected, and its connection closed', async (_response, bytes, reason) => {
    answer = [bytes];
    await expect(call()).rejects.toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', details: { reason } });
    await allClosed();
  });

  test('is requested with identity encoding, and decoded if it is compressed nevertheless', async () => {
    expect(await call()).toBe(BODY);
    expect(requestHead).toMatch(/^accept-encoding: identity\r$/m);
    for (const [coding, body] of [
      ['gzip', gzipSync(BODY)],
      ['br', brotliCompressSync(BODY)],
    ] as const) {
      answer = encoded(coding, body);
      expect(await call()).toBe(BODY);
    }
  });

  test('may begin with a byte order mark, which is ignored', async () => {
    answer = [`HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length + 3}\r\n\r\n\ufeff${BODY}`];
    expect(await call()).toBe(BODY);
    answer = encoded('gzip', gzipSync(`\ufeff${BODY}`));
    expect(await call()).toBe(BODY);
  });

  test.each<[string, string, Buffer, string]>([
    ['an unknown content coding', 'compress', Buffer.from(BODY), 'CONTENT_ENCODING_COMPRESS'],
    [
      'a body that does not match its content coding',
      'gzip',
      Buffer.from(BODY),
      'BROKEN_CONTENT_ENCODING_GZIP',
    ],
    ['a decoded body over the limit', 'gzip', gzipSync('x'.repeat(101)), 'TOO_LARGE'],
  ])('is rejected with a specific reason for %s', async (_response, coding, body, reason) => {
    answer = encoded(coding, body);
    await expect(call()).rejects.toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', details: { reason } });
  });

  test('that is truncated has another error code than a missing one', async () => {
    answer = ['HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf'];
    thenClose = true;
    await expect(call()).rejects.toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      details: { reason: 'TRUNCATED', transient: true },
    });
    answer = [];
    await expect(call()).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      details: { transient: true },
    });
  });

  test.each([[[]], [['HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf']]])(
    'that does not end is aborted at the deadline (%j)',
    async (pieces) => {
      answer = pieces;
      await expect(call({ ms: 100 })).rejects.toMatchObject({
        code: 'UPSTREAM_TIMEOUT',
        details: { reason: 'TOTAL_TIMEOUT' },
      });
      await allClosed();
    },
  );

  test('is aborted at once when the caller disconnects', async () => {
    answer = [];
    const caller = new AbortController();
    const pending = call({ signal: caller.signal });
    await waitFor('the call', () => sockets.size === 1);
    caller.abort(new Error('disconnected'));
    await expect(pending).rejects.toThrow('disconnected');
    await allClosed();
  });
});

test('closes the connections of timed-out calls when the proxy hangs', async () => {
  await open({ asProxy: true });
  answer = [];
  const calls = Array.from({ length: 5 }, () => call({ ms: 50 }));
  for (const one of calls) await expect(one).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  await allClosed();
});

test('does not apply the connect timeout of the proxy to the upstream response', async () => {
  const proxy = await startConnectProxy();
  const upstream = createHttpServer((_req, res) => void setTimeout(() => res.end(BODY), 2500));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  transport = createTransport({
    baseUrl: new URL(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`),
    localAddress: undefined,
    proxy: { url: new URL(proxy.url), authorization: undefined },
    connectTimeoutMs: 300,
  });
  stop = async () => {
    await transport.close();
    await proxy.stop();
    await new Promise((resolve) => upstream.close(resolve));
  };
  expect(await call()).toBe(BODY);
});

const failed = (code: string, notSent: boolean) => ({ code, details: { notSent } });

describe('a request is certainly not sent', () => {
  test('if the proxy refuses to connect', async () => {
    await open({ asProxy: true });
    answer = ['HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'];
    await expect(call()).rejects.toMatchObject(failed('UPSTREAM_UNAVAILABLE', true));
  });

  test('if the proxy closes the connection instead of connecting', async () => {
    await open({ asProxy: true });
    answer = [];
    thenClose = true;
    await expect(call()).rejects.toMatchObject(failed('UPSTREAM_UNAVAILABLE', true));
  });

  test('if the time ends while the connection is being made', async () => {
    await open({ asProxy: true });
    answer = [];
    await expect(call({ ms: 100 })).rejects.toMatchObject({ details: { notSent: true } });
  });

  test('unless the connection was made: then a reset and a time-out may come after it was carried out', async () => {
    await open();
    answer = [];
    await expect(call({ ms: 3000 })).rejects.toMatchObject(failed('UPSTREAM_TIMEOUT', false));
    thenClose = true;
    await expect(call()).rejects.toMatchObject(failed('UPSTREAM_UNAVAILABLE', false));
  });
});

function encoded(coding: string, body: Buffer): (string | Buffer)[] {
  return [`HTTP/1.1 200 OK\r\ncontent-encoding: ${coding}\r\ncontent-length: ${body.length}\r\n\r\n`, body];
}
