import net from 'node:net';
import { once } from 'node:events';
import { startWorld } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

test('disconnects 100 clients that trickle a header, and serves others meanwhile', async () => {
  const world = await startWorld();
  const open = new Set<net.Socket>();
  const timers: NodeJS.Timeout[] = [];
  try {
    for (let count = 0; count < 100; count += 1) {
      const socket = net.connect(world.program.port, '127.0.0.1');
      open.add(socket);
      socket.on('error', () => undefined);
      socket.resume();
      socket.on('close', () => open.delete(socket));
      await once(socket, 'connect');
      socket.write(`GET /contacts HTTP/1.1\r\nHost: x\r\nX-Slow: `);
      timers.push(setInterval(() => socket.writable && socket.write('a'), 500));
    }
    const answer = await world.get(`/contacts/${world.freshContact()}`);
    expect(answer.status).toBe(200);
    expect(answer.ms).toBeLessThan(10_000);
    expect(open.size).toBe(100);
    await waitFor('all slow clients to be disconnected', () => open.size === 0);
  } finally {
    for (const timer of timers) clearInterval(timer);
    for (const socket of open) socket.destroy();
    await world.stop();
  }
});
