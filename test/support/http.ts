import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { mustNotBeLogged } from './run-directory.ts';
import { HANG_MS } from './wait-for.ts';

/** The JSON of a response. Tests assert its shape rather than declare it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface TestResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  readonly ms: number;
  /** Parses the body. @throws SyntaxError if it is not JSON. */
  json(): Json;
}

export interface Options {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly agent?: http.Agent;
}

/** Sends one request on a new connection. The path is sent verbatim, and the body is not decompressed. */
export function exchange(url: string, options: Options = {}): Promise<TestResponse> {
  const begun = performance.now();
  const [, origin = '', path = ''] = /^(http:\/\/[^/]+)(.*)$/s.exec(url) ?? [];
  const headers: Record<string, string | string[]> = { ...options.headers };
  if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
  return new Promise((resolve, reject) => {
    const request = http.request(
      origin,
      {
        path: path || '/',
        method: options.method ?? 'GET',
        headers,
        agent: options.agent ?? false,
        ...(options.signal ? { signal: options.signal } : {}),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const body = Buffer.concat(chunks);
          const status = response.statusCode ?? 0;
          resolve(responseOf(status, response.headers, body, performance.now() - begun));
        });
      },
    );
    request.setTimeout(options.timeoutMs ?? HANG_MS, () =>
      request.destroy(new Error(`no response: ${path}`)),
    );
    request.once('error', reject);
    request.end(options.body);
  });
}

function responseOf(
  status: number,
  headers: http.IncomingHttpHeaders,
  body: Buffer,
  ms: number,
): TestResponse {
  const text = body.toString('utf8');
  notePersonalData(text);
  return { status, headers, body, text, ms, json: () => JSON.parse(text) as unknown };
}

/** Registers the personal data of a response as values that must not be in the program's log. */
function notePersonalData(text: string): void {
  for (const [, value = ''] of text.matchAll(/"(?:email|phone|name|content)":"((?:[^"\\]|\\.)+)"/g)) {
    if (/[ @+]/.test(value)) mustNotBeLogged('personal data', value);
  }
}

/** Sends raw bytes, half-closes the connection, and returns everything received until the server closed it. */
export async function rawExchange(port: number, bytes: string | Buffer): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  let text = '';
  socket.setTimeout(HANG_MS, () => socket.destroy());
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.end(bytes);
  await once(socket, 'close');
  return text;
}

/** Removes the chunked framing from a body (RFC 9112 section 7.1). */
export function unchunked({ head, body }: { readonly head: string; readonly body: string }): string {
  if (!/^transfer-encoding: chunked$/im.test(head)) return body;
  let rest = Buffer.from(body);
  let text = '';
  for (;;) {
    const line = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.subarray(0, line).toString(), 16);
    if (!(size > 0)) return text;
    text += rest.subarray(line + 2, line + 2 + size).toString();
    rest = rest.subarray(line + 2 + size + 2);
  }
}
