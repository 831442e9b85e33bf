import http from 'node:http';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';

export interface ConnectProxy {
  readonly url: string;
  /** The targets of the tunnels that were asked for, in order. */
  readonly tunnels: readonly string[];
  /** Requests that came without a tunnel, by their target. */
  readonly plain: readonly string[];
  /** Refuses tunnels from now on. */
  refuse(): void;
  stop(): Promise<void>;
}

/** An HTTP proxy that tunnels (RFC 9110 section 9.3.6), and remembers what it was asked for. */
export async function startConnectProxy(): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const plain: string[] = [];
  const sockets = new Set<Socket>();
  let refusing = false;
  const server = http.createServer((request, response) => {
    plain.push(String(request.url));
    response.writeHead(403).end();
  });
  server.on('connection', (socket: Socket) => keep(socket));
  server.on('connect', (request, client: Socket, head: Buffer) => {
    tunnels.push(String(request.url));
    if (refusing) return void client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const [host = '', port = ''] = String(request.url).split(':');
    const target = net.connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.write(head);
      target.pipe(client).pipe(target);
    });
    keep(target);
    target.on('error', () => client.destroy());
    client.on('error', () => target.destroy());
  });
  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    plain,
    refuse: () => {
      refusing = true;
      for (const socket of sockets) socket.destroy();
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
