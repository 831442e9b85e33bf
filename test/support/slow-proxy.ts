import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SlowProxy {
  readonly port: number;
  /** The port to which further connections lead. */
  targetPort: number;
  /** Delay of all further responses, in milliseconds. */
  delayMs: number;
  /** Returns the number of requests so far that contain this text, those held back included. */
  requestsWith(text: string): number;
  /** Holds back all further requests that contain this text; undefined releases them. */
  hold(text: string | undefined): void;
  stop(): Promise<void>;
}

/** Starts a TCP proxy that delays the bytes of the server, in order. */
export async function startSlowProxy(targetPort: number): Promise<SlowProxy> {
  const open = new Set<Socket>();
  let held: string | undefined;
  let waiting: (() => void)[] = [];
  const requests: Buffer[] = [];
  const server = createServer((client) => {
    const target = connect(proxy.targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      open.add(socket);
      socket.setNoDelay(true).on('error', () => {});
      socket.once('close', () => [client, target].forEach((one) => one.destroy()));
      socket.once('close', () => open.delete(socket));
    }
    client.on('data', (bytes: Buffer) => {
      requests.push(bytes);
      const forward = () => void target.write(bytes);
      if (held !== undefined && bytes.includes(held)) waiting.push(forward);
      else forward();
    });
    // One after the other, because the delay may change in between.
    let sent: Promise<unknown> = Promise.resolve();
    target.on('data', (bytes) => {
      const delay = sleep(proxy.delayMs);
      sent = Promise.all([sent, delay]).then(() => client.write(bytes));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: SlowProxy = {
    port: (server.address() as AddressInfo).port,
    targetPort,
    delayMs: 0,
    requestsWith: (text) => requests.filter((bytes) => bytes.includes(text)).length,
    hold(text) {
      held = text;
      if (text !== undefined) return;
      for (const forward of waiting) forward();
      waiting = [];
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
  return proxy;
}
