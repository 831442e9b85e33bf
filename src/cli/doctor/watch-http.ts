import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { skewMs, type ClockReading } from './clock.ts';

/** The members of undici's diagnostics-channel messages that this module reads. */
interface UndiciRequest {
  readonly origin: string | URL;
}
interface Connected {
  readonly connectParams: { readonly host: string };
  readonly socket: Socket;
}
interface HeadersSent {
  readonly request: UndiciRequest;
  readonly socket: Socket;
}
interface HeadersReceived {
  readonly request: UndiciRequest;
  readonly response: { readonly headers: readonly Buffer[] };
}

/** An HTTP date has a resolution of one second (RFC 9110 section 5.6.7). */
const DATE_RESOLUTION_MS = 1000;
const MAX_READINGS = 100;

/** Side information of HTTP calls: source addresses, tunnels, and the clocks of the servers. */
export interface HttpWatch {
  /** The local address of the latest connection that sent a request to this origin. */
  sourceAddressOf(origin: string): string | undefined;
  /** Whether a connection to this host (in the form of `URL.host`) succeeded. */
  hasReached(host: string): boolean;
  /** Whether a proxy opened a tunnel. */
  readonly tunnelled: boolean;
  /** The clock of an origin, from the `Date` of its first response. */
  clockOf(origin: string): ClockReading | undefined;
  close(): void;
}

/** Observes every undici call in this process through diagnostics channels, without changing it. */
export function watchHttp(now: () => number): HttpWatch {
  const sources = new Map<string, string>();
  const reached = new Set<string>();
  const clocks = new Map<string, ClockReading>();
  const sentAt = new WeakMap<UndiciRequest, number>();
  let tunnelled = false;

  const onConnected = (message: unknown) => {
    reached.add((message as Connected).connectParams.host);
  };
  const onTunnel = () => {
    tunnelled = true;
  };
  const onSent = (message: unknown) => {
    const { request, socket } = message as HeadersSent;
    sentAt.set(request, now());
    if (socket.localAddress !== undefined) sources.set(originOf(request), socket.localAddress);
  };
  const onHeaders = (message: unknown) => {
    const { request, response } = message as HeadersReceived;
    const sent = sentAt.get(request);
    const remote = dateOf(response.headers);
    const origin = originOf(request);
    if (sent === undefined || remote === undefined || clocks.has(origin) || clocks.size >= MAX_READINGS)
      return;
    const aheadMs = skewMs({ sentAt: sent, receivedAt: now(), remote, resolutionMs: DATE_RESOLUTION_MS });
    clocks.set(origin, { source: origin, aheadMs, matters: true });
  };
  const listeners = [
    ['undici:client:connected', onConnected],
    ['undici:proxy:connected', onTunnel],
    ['undici:client:sendHeaders', onSent],
    ['undici:request:headers', onHeaders],
  ] as const;
  for (const [name, listener] of listeners) subscribe(name, listener);

  return {
    sourceAddressOf: (origin) => sources.get(origin),
    hasReached: (host) => reached.has(host),
    get tunnelled() {
      return tunnelled;
    },
    clockOf: (origin) => clocks.get(origin),
    close: () => {
      for (const [name, listener] of listeners) unsubscribe(name, listener);
    },
  };
}

function originOf(request: UndiciRequest): string {
  return new URL(request.origin).origin;
}

/** Returns the current time of the server, in milliseconds since the epoch: `Date` plus the `Age` of a cached response. */
function dateOf(headers: readonly Buffer[]): number | undefined {
  const at = Date.parse(headerOf(headers, 'date') ?? '');
  const age = headerOf(headers, 'age') ?? '0';
  return Number.isNaN(at) || !/^\d{1,9}$/.test(age) ? undefined : at + Number(age) * 1000;
}

function headerOf(headers: readonly Buffer[], wanted: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]!.toString('latin1').toLowerCase() === wanted)
      return headers[index + 1]!.toString('latin1');
  }
  return undefined;
}
