import type { Worker } from 'node:cluster';

/** The message by which Node's primary hands a connection to a worker, which acknowledges it by `seq`. */
interface HandOver {
  readonly act: 'newconn';
  readonly key: string;
  readonly seq: number;
}

interface Connection {
  close(): void;
}

function isHandOver(message: unknown): message is HandOver {
  return (message as Partial<HandOver> | null)?.act === 'newconn';
}

/**
 * Rescues the connections that a worker received but had not accepted when it died. Node keeps each open in the
 * primary, so its client waits forever, and Node does not report the disconnect (nodejs/node#9706). This emits
 * the acknowledgement "not accepted" for the worker, so that Node hands the connection to another one.
 *
 * Node does not have a public interface for that: the two messages are private (lib/internal/cluster). They were
 * checked with Node 24.12 and 26.10. If Node changes them, this has no effect: such clients wait again, and the
 * test of a killed worker in test/journey/processes.test.ts fails.
 *
 * @param hasOthers returns whether another worker listens; without one the connection is closed.
 */
export function rescueConnections(worker: Worker, hasOthers: () => boolean): void {
  const child = worker.process;
  const send = child.send.bind(child) as (...args: unknown[]) => boolean;
  /** The last hand-over of each port. Node waits for its acknowledgement before the next one. */
  const last = new Map<string, { readonly seq: number; readonly connection: Connection }>();
  let disconnected = false;
  child.send = (message: unknown, ...rest: unknown[]) => {
    if (isHandOver(message)) last.set(message.key, { seq: message.seq, connection: rest[0] as Connection });
    return send(message, ...rest);
  };
  child.once('disconnect', () => (disconnected = true));
  child.once('exit', () => {
    // Removes the worker from Node's list of free workers.
    if (!disconnected) child.emit('disconnect');
    for (const { seq, connection } of last.values()) {
      // Both have no effect if the connection was accepted.
      if (hasOthers()) child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: seq, accepted: false });
      else connection.close();
    }
  });
}
