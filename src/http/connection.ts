import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Indexed } from '../lib/indexed-set.ts';

/** A request and its response. */
export interface Exchange extends Indexed {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Monotonic time in ms at which a check first found the response complete, but not read by the client. */
  completeSince: number;
}

/** A client's connection. Idle connections form a linked list, the longest idle first. */
export class Connection {
  readonly socket: Socket;
  readonly openedAt = performance.now();
  /** Whether a request has arrived on it. */
  used = false;
  /** Number of requests whose responses are not sent yet. */
  unanswered = 0;
  /** Pipelined requests that are not handled yet, oldest first. */
  waiting: Exchange[] = [];
  /** Whether the connection is in the backlog. */
  scheduled = false;
  /** Whether reading is paused until responses are sent. */
  stopped = false;
  /** The newest exchange, unless both its request and its response are complete. */
  newest: Exchange | undefined = undefined;
  /** Whether a response closes it, so that no further request is processed (RFC 9112 section 9.6). */
  isLast = false;
  /** Whether the connection takes no further requests. */
  refused = false;
  /** Called after each response if the connection is `refused`. */
  onResponseClosed: (() => void) | undefined = undefined;
  before: Connection | undefined = undefined;
  after: Connection | undefined = undefined;

  constructor(socket: Socket) {
    this.socket = socket;
  }
}
