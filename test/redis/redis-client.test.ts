import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createRedis } from '../../src/redis/redis-client.ts';
import { startRedis } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { redisSettings } from '../support/redis/redis-settings.ts';

test('subscribes only when commands can be sent, so that a listener can run them', async () => {
  const redis = await startRedis();
  const sockets: Socket[] = [];
  const requested: Socket[] = [];
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  // Holds back the replies on the connection that opens first, which is that for commands.
  const proxy = createServer((socket) => {
    const upstream = connect(redis.port, '127.0.0.1');
    for (const end of [socket, upstream]) end.on('error', () => {});
    const first = sockets.length === 0;
    sockets.push(socket, upstream);
    socket.once('data', () => requested.push(socket));
    socket.pipe(upstream);
    if (first) void released.then(() => upstream.pipe(socket));
    else upstream.pipe(socket);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const nodes = [{ host: '127.0.0.1', port: (proxy.address() as AddressInfo).port }];
  const client = createRedis(redisSettings({ mode: 'standalone', nodes }));
  try {
    const results: unknown[] = [];
    client.subscribe('zbff:test', () => {});
    client.onGap(() => {
      client.call('EXISTS', ['zbff:x']).then(
        (reply) => results.push(reply),
        (error: unknown) => results.push(error),
      );
    });
    client.connect();
    await waitFor('the first command', () => requested.length > 0);
    release();
    await waitFor('the subscription', () => results.length > 0);
    expect(results).toEqual([0]);
  } finally {
    client.close();
    for (const socket of sockets) socket.destroy();
    proxy.close();
    await redis.stop();
  }
});
