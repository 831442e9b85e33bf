import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { skewMs, type ClockReading } from './clock.ts';

/** What of undici's diagnostics channels is read here. */
interface UndiciRequest {
  readonly origin: string | URL;
}
interface Connected {
  readonly connectParams: { readonly host: string };
  readonly socket: Socket;
}
interface Sent {
  readonly request: UndiciRequest;
  readonly socket: Socket;
}
interface Answered {
  readonly request: UndiciRequest;
  readonly response: { readonly headers: readonly Buffer[] };
}

/** An HTTP date tells full seconds (RFC 9110 section 5.6.7). */
const DATE_RESOLUTION_MS = 1000;
const MAX_READINGS = 100;

/** What HTTP calls show beside their answers: where they leave from, and what time it is elsewhere. */
export interface HttpWatch {
  /** The source address of the latest connection on which this origin was asked. */
  sourceAddressOf(origin: string): string | undefined;
  /** Whether a connection to this host (as `URL.host` says it) was made. */
  hasReached(host: string): boolean;
  /** Whether a proxy opened a tunnel. */
  readonly tunnelled: boolean;
  /** The clock of an origin, as its first answer told it. */
  clockOf(origin: string): ClockReading | undefined;
  close(): void;
}

/** Watches every call that undici makes in this process, without a part in any of them. */
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
    const { request, socket } = message as Sent;
    sentAt.set(request, now());
    if (socket.localAddress !== undefined) sources.set(originOf(request), socket.localAddress);
  };
  const onAnswered = (message: unknown) => {
    const { request, response } = message as Answered;
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
    ['undici:request:headers', onAnswered],
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

/** When the answer was made, in milliseconds since the epoch. A cache in between says how long it kept it. */
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
