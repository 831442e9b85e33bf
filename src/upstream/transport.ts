import { isIP } from 'node:net';
import { Agent, Pool, ProxyAgent, type Dispatcher } from 'undici';
import { formatTraceparent } from '../telemetry/trace-context.ts';
import { currentTrace } from '../telemetry/tracing.ts';

/** HTTP CONNECT proxy that owns the fixed egress address. */
export interface ProxySettings {
  /** Without credentials. */
  readonly url: URL;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

export interface TransportOptions {
  readonly baseUrl: URL;
  /** Source address of every connection. */
  readonly localAddress: string | undefined;
  readonly proxy: ProxySettings | undefined;
  readonly connectTimeoutMs: number;
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Takes in an answer as it comes. What it throws ends the exchange, and the connection with it. */
export interface Receiver {
  head(status: number, headers: Headers): void;
  chunk(bytes: Uint8Array): void;
}

/** A request, and what is heard of it. */
export interface Exchange {
  /** Resolves once the whole answer has been taken in; rejects with undici's errors or what ended it. */
  readonly over: Promise<void>;
  /**
   * Ends it at once; does nothing where it is over. A connection that is just being made goes on for as long as
   * that may take, and is closed then.
   */
  abort(reason: unknown): void;
  /** Whether the request was, at least in part, written to a connection. */
  readonly started: boolean;
}

export interface Transport {
  /** Posts JSON to a path below the base URL; follows no redirect. */
  post(path: string, json: unknown, receiver: Receiver): Exchange;
  close(): Promise<void>;
}

/** A transport that is replaced lets its calls end before it closes. */
export interface OpenTransport extends Transport {
  retire(): Promise<void>;
}

export function createTransport(options: TransportOptions): OpenTransport {
  const dispatcher = openDispatcher(options);
  const { origin, pathname } = options.baseUrl;
  const base = pathname.replace(/\/$/, '');
  return {
    post: (path, json, receiver) =>
      exchange(dispatcher, receiver, {
        origin,
        path: base + path,
        method: 'POST',
        headers: { ...HEADERS, ...traceHeaders() },
        body: JSON.stringify(json),
      }),
    close: () => dispatcher.destroy(),
    retire: () => dispatcher.close(),
  };
}

/** Without `identity` a server may choose any coding (RFC 9110 section 12.5.3). */
const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json',
  'accept-encoding': 'identity',
};

/** By `dispatch`, which takes a quarter less time than `request` and its stream for each answer. */
function exchange(dispatcher: Dispatcher, receiver: Receiver, request: Dispatcher.DispatchOptions): Exchange {
  let abort!: Exchange['abort'];
  let hasStarted = false;
  const over = new Promise<void>((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let ended: Error | undefined;
    abort = (reason) => {
      ended ??= reason instanceof Error ? reason : new Error('aborted', { cause: reason });
      controller?.abort(ended);
      reject(ended);
    };
    const take = (received: () => void): void => {
      try {
        received();
      } catch (error) {
        abort(error);
      }
    };
    dispatcher.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        // While it waited for a connection.
        if (ended) started.abort(ended);
        else hasStarted = true;
      },
      onResponseStart(_controller, status, headers) {
        // Statuses below are informational (RFC 9110 section 15.2).
        if (status >= 200) take(() => receiver.head(status, headers));
      },
      onResponseData(_controller, bytes) {
        take(() => receiver.chunk(bytes));
      },
      onResponseEnd: () => resolve(),
      onResponseError: (_controller, error) => reject(error),
    });
  });
  return {
    over,
    abort,
    get started() {
      return hasStarted;
    },
  };
}

/** The caller's trace goes on at the upstream; `tracestate` does not, which could hold anything. */
function traceHeaders(): { traceparent?: string } {
  const context = currentTrace();
  return context ? { traceparent: formatTraceparent(context) } : {};
}

/** Overrides NODE_TLS_REJECT_UNAUTHORIZED: credentials go to a server with a valid certificate only. */
const VERIFIED = { rejectUnauthorized: true };

function openDispatcher(options: TransportOptions): Dispatcher {
  const common = {
    // As many connections as there are calls, whose number is bounded before they get here, and as those that
    // were given up while they connected. One request at a time on a connection: pipelined behind a slow one
    // they would all be slow.
    pipelining: 1,
    allowH2: false,
  };
  if (options.proxy) {
    const { url, authorization } = options.proxy;
    return new ProxyAgent({
      ...common,
      uri: url.origin,
      ...(authorization !== undefined && { token: authorization }),
      // Otherwise a plain-http upstream would be asked of the proxy itself, credentials readable.
      proxyTunnel: true,
      requestTls: VERIFIED,
      // The time for its answer to CONNECT: a proxy that is stuck would keep every call's connection.
      clientFactory: (origin, settings) =>
        new Pool(origin, { ...settings, headersTimeout: options.connectTimeoutMs }),
      connectTimeout: options.connectTimeoutMs,
    });
  }
  const { localAddress } = options;
  return new Agent({
    ...common,
    // A source address reaches destinations of its own family only, whatever else the name resolves to.
    connect: {
      ...VERIFIED,
      timeout: options.connectTimeoutMs,
      ...(localAddress && { family: isIP(localAddress) }),
    },
    // undici ignores it inside `connect`.
    ...(localAddress && { localAddress }),
  });
}
