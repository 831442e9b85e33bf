import type { Socket } from 'node:net';
import { IndexedSet } from '../lib/indexed-set.ts';
import { Connection, type Exchange } from './connection.ts';

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Called when a request can be handled. */
  readonly handle: (exchange: Exchange) => void;
}

/** Requests of one connection that are handled at a time. Reading is paused while more are unanswered. */
const MAX_HANDLED = 16;
const RESUME_AT = MAX_HANDLED / 2;
const MAX_WAITING_PER_TURN = 32;
/**
 * Pipelined requests of all connections together, about 8 kB each with their responses. Node parses a whole
 * 64 kB chunk before a pause has an effect, so without this bound each connection could have 2,500 requests.
 * A connection that exceeds it is closed, and the others are not read until its memory is free: one turn of the
 * event loop could read a chunk of each.
 */
const MAX_PIPELINED = 4096;

const CONNECTION = Symbol('connection');
type Tracked = Socket & { [CONNECTION]?: Connection | undefined };

/** Limits the connections of a server, and the unanswered requests of each connection and of all together. */
export class Connections {
  /** Requests whose responses are not sent yet. */
  readonly exchanges = new IndexedSet<Exchange>();
  readonly #limits: ConnectionLimits;
  /** Sentinel of the circular list of idle connections. */
  readonly #idle = new Connection(undefined as never);
  /** Connections whose waiting requests can be handled. */
  readonly #backlog: Connection[] = [];
  #turnPending = false;
  #size = 0;
  #pipelined = 0;
  #readingStopped = false;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
    this.#idle.before = this.#idle;
    this.#idle.after = this.#idle;
  }

  /** Adds a connection. At the limit, closes the longest idle one, or the new one if none is idle. */
  open(socket: Socket): void {
    const longestIdle = this.#idle.after!;
    if (this.#size >= this.#limits.maxConnections) {
      if (longestIdle === this.#idle) {
        socket.destroy();
        return;
      }
      this.#close(longestIdle);
    }
    const connection = new Connection(socket);
    (socket as Tracked)[CONNECTION] = connection;
    this.#size += 1;
    this.#addIdle(connection);
    const { stackTraceLimit } = Error;
    // Node creates two errors for each unanswered request. perf: 30 µs → 2 µs each without a stack trace.
    socket.prependListener('close', () => void (connection.unanswered > 1 && (Error.stackTraceLimit = 0)));
    socket.on('close', () => {
      Error.stackTraceLimit = stackTraceLimit;
      this.#close(connection);
      if (connection.unanswered > 0) setImmediate(() => this.#endExchanges(connection));
    });
    // Node itself resumes a socket too, for example when a body is read.
    socket.on('resume', () => void (connection.stopped && socket.pause()));
  }

  of(socket: Socket): Connection | undefined {
    return (socket as Tracked)[CONNECTION];
  }

  /**
   * Handles a request, or queues it if too many earlier ones of its connection are unanswered. Ignores it after a
   * response that closes the connection.
   */
  take(exchange: Exchange): void {
    const { socket } = exchange.req;
    const connection = this.of(socket);
    if (!connection || socket.destroyed || connection.isLast) return;
    connection.used = true;
    connection.newest = exchange;
    connection.unanswered += 1;
    this.exchanges.add(exchange);
    exchange.res.on('close', () => this.#onResponse(connection, exchange));
    if (connection.unanswered === 1) removeIdle(connection);
    else {
      this.#pipelined += 1;
      if (this.#pipelined > MAX_PIPELINED) {
        socket.destroy();
        this.#stopReading();
        return;
      }
    }
    if (connection.unanswered <= MAX_HANDLED) {
      this.#limits.handle(exchange);
      return;
    }
    connection.waiting.push(exchange);
    if (!connection.stopped) {
      connection.stopped = true;
      socket.pause();
    }
  }

  /** Yields the connections without an unanswered request, the longest idle first. */
  *idle(): Iterable<Connection> {
    for (let at = this.#idle.after!; at !== this.#idle; at = at.after!) yield at;
  }

  /** Stops reading until the event loop's next turn, when the requests of closed connections are free. */
  #stopReading(): void {
    if (this.#readingStopped) return;
    this.#readingStopped = true;
    const sockets = [...this.idle()].map(({ socket }) => socket);
    for (const { req } of this.exchanges)
      if (!isBodyFull(this.of(req.socket)?.newest)) sockets.push(req.socket);
    for (const socket of sockets) socket.pause();
    setImmediate(() => {
      this.#readingStopped = false;
      for (const socket of sockets) if (!this.of(socket)?.stopped) socket.resume();
    });
  }

  /** Ends the responses that Node does not end when the connection closes: those before a CONNECT. */
  #endExchanges({ socket, unanswered }: Connection): void {
    if (unanswered === 0) return;
    for (const exchange of this.exchanges) if (exchange.req.socket === socket) exchange.res.destroy();
  }

  #onResponse(connection: Connection, exchange: Exchange): void {
    const { socket, waiting } = connection;
    this.exchanges.remove(exchange);
    connection.unanswered -= 1;
    if (connection.unanswered > 0) this.#pipelined -= 1;
    else if (!socket.destroyed) this.#addIdle(connection);
    if (connection.newest === exchange && exchange.req.complete) connection.newest = undefined;
    if (socket.destroyed) {
      connection.waiting = [];
      return;
    }
    if (waiting.length > 0) this.#schedule(connection);
    if (connection.stopped && connection.unanswered <= RESUME_AT) {
      connection.stopped = false;
      socket.resume();
    }
    connection.onResponseClosed?.();
  }

  #schedule(connection: Connection): void {
    if (connection.scheduled) return;
    connection.scheduled = true;
    this.#backlog.push(connection);
    if (!this.#turnPending) this.#planTurn();
  }

  #planTurn(): void {
    this.#turnPending = true;
    setImmediate(() => this.#handleBacklog());
  }

  /** Handles at most 32 waiting requests in each turn of the event loop, so that other connections are served. */
  #handleBacklog(): void {
    this.#turnPending = false;
    let left = MAX_WAITING_PER_TURN;
    while (left > 0) {
      const connection = this.#backlog.shift();
      if (!connection) return;
      connection.scheduled = false;
      const handled = connection.unanswered - connection.waiting.length;
      const next = connection.waiting.splice(0, Math.min(left, MAX_HANDLED - handled));
      left -= next.length;
      for (const exchange of next) this.#limits.handle(exchange);
    }
    if (this.#backlog.length > 0 && !this.#turnPending) this.#planTurn();
  }

  #addIdle(connection: Connection): void {
    const last = this.#idle.before!;
    connection.before = last;
    connection.after = this.#idle;
    last.after = connection;
    this.#idle.before = connection;
  }

  #close(connection: Connection): void {
    const { socket } = connection;
    if (!this.of(socket)) return;
    (socket as Tracked)[CONNECTION] = undefined;
    this.#size -= 1;
    removeIdle(connection);
    socket.destroy();
  }
}

/** Takes no further requests of a connection, because a response closes it. */
export function closeAfterResponse(socket: Socket): void {
  const connection = (socket as Tracked)[CONNECTION];
  if (connection) connection.isLast = true;
}

/** Returns whether Node has stopped reading because the body is not consumed. To resume would add a chunk to it. */
function isBodyFull(newest: Exchange | undefined): boolean {
  if (!newest || newest.req.complete) return false;
  return newest.req.readableLength >= newest.req.readableHighWaterMark;
}

function removeIdle(connection: Connection): void {
  const { before, after } = connection;
  if (!before || !after) return;
  before.after = after;
  after.before = before;
  connection.before = undefined;
  connection.after = undefined;
}
