import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';
import { formatTraceparent } from '../telemetry/trace-context.ts';
import { currentTrace } from '../telemetry/tracing.ts';

export interface TransportOptions {
  readonly baseUrl: URL;
  /** Source address of every connection. */
  readonly localAddress: string | undefined;
  /** HTTP CONNECT proxy that owns the fixed egress address. */
  readonly proxyUrl: URL | undefined;
  readonly connectTimeoutMs: number;
}

/** Status, headers and the body as chunks; nothing has been read of the body yet. */
export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array> & { destroy(): void };
}

export interface Transport {
  /** Posts JSON to a path below the base URL; follows no redirect. Rejects with undici's errors. */
  post(path: string, json: unknown, signal: AbortSignal): Promise<TransportResponse>;
  close(): Promise<void>;
}

/** A transport that is replaced lets its calls end before it closes. */
export interface OpenTransport extends Transport {
  retire(): Promise<void>;
}

export function openTransport(options: TransportOptions): OpenTransport {
  const dispatcher = openDispatcher(options);
  const base = options.baseUrl.href.replace(/\/$/, '');
  return {
    async post(path, json, signal) {
      const { statusCode, headers, body } = await request(base + path, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...traceHeaders() },
        body: JSON.stringify(json),
        signal,
      });
      // A body that fails after its reader has left must not become an uncaught error.
      body.on('error', () => {});
      return { status: statusCode, headers, body };
    },
    close: () => dispatcher.destroy(),
    retire: () => dispatcher.close(),
  };
}

/** The caller's trace goes on at the upstream; `tracestate` does not, which could hold anything. */
function traceHeaders(): { traceparent?: string } {
  const context = currentTrace();
  return context ? { traceparent: formatTraceparent(context) } : {};
}

function openDispatcher(options: TransportOptions): Dispatcher {
  const common = {
    // As many connections as there are calls, whose number is bounded before they get here. One request at a time on a connection: pipelined behind a slow one they would all be slow.
    pipelining: 1,
    allowH2: false,
  };
  if (options.proxyUrl) {
    const { username, password } = options.proxyUrl;
    const uri = new URL(options.proxyUrl);
    uri.username = '';
    uri.password = '';
    const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
      'base64',
    );
    return new ProxyAgent({
      ...common,
      uri: uri.href,
      ...(username && { token: `Basic ${basic}` }),
      // Otherwise a plain-http upstream would be asked of the proxy itself, credentials readable.
      proxyTunnel: true,
      connectTimeout: options.connectTimeoutMs,
    });
  }
  return new Agent({
    ...common,
    connect: { timeout: options.connectTimeoutMs },
    // undici ignores it inside `connect`.
    ...(options.localAddress && { localAddress: options.localAddress }),
  });
}
