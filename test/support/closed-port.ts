import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

export interface ClosedPort {
  readonly port: number;
  release(): void;
}

/**
 * Reserves a port on which connections are refused until it is released. It is the local end of a connection,
 * so that no other process can listen on it.
 */
export async function closedPort(): Promise<ClosedPort> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[peer]] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  return {
    port: socket.localPort!,
    release() {
      for (const end of [socket, peer as typeof socket]) end.destroy();
      server.close();
    },
  };
}
