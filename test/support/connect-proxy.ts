import http from 'node:http';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';

export interface ConnectProxy {
  readonly url: string;
  /** Targets of the CONNECT requests, oldest first. */
  readonly tunnels: readonly string[];
  /** Targets of the requests without a tunnel, oldest first. */
  readonly plain: readonly string[];
  /** Rejects all further CONNECT requests with 403. */
  refuse(): void;
  stop(): Promise<void>;
}

/** Starts an HTTP proxy that supports CONNECT (RFC 9110 section 9.3.6) and records its requests. */
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
