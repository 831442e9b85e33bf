import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { once } from 'node:events';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

const CONTACT = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
const SOCKETS = 100;
/** Longer than it takes to exhaust the heap if each parsed request is handled at once. */
const ATTACK_MS = 12_000;
const TEST_TIMEOUT_MS = 120_000;

/** Opens a connection that the server has accepted: it has read the response to a first request. */
async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  return socket.pause();
}

/** Writes requests as long as the server accepts them, and reads no response. */
function flood(socket: net.Socket, request: string): void {
  const bytes = request.repeat(Math.ceil(65_536 / request.length));
  const write = (): void => {
    while (socket.writable && socket.write(bytes));
  };
  socket.on('drain', write);
  write();
}

describe('clients that pipeline requests and read no response', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ NODE_OPTIONS: '--max-old-space-size=160' });
  });
  afterAll(async () => world?.stop());

  test.each([
    ['a health check', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a contact without a token', `GET /contacts/${CONTACT} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ])(
    'cannot exhaust a small heap with requests for %s',
    async (_what, request) => {
      let ended = false;
      void world.program.exited.then(() => (ended = true));
      const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => connect(world.program.port)));
      // A stopped program finds the requests of all connections at once when it continues.
      world.program.signal('SIGSTOP');
      for (const socket of sockets) flood(socket, request);
      await pause(300);
      world.program.signal('SIGCONT');
      const end = performance.now() + ATTACK_MS;
      await waitFor('the attack to end', () => ended || performance.now() > end, ATTACK_MS * 2, 100);
      for (const socket of sockets) socket.destroy();
      expect([ended, world.program.stderr().slice(0, 1500)]).toEqual([false, '']);
      expect((await world.get(`/contacts/${CONTACT}`)).status).toBe(200);
    },
    TEST_TIMEOUT_MS,
  );
});

test(
  'responds in order to 5,000 pipelined requests of a client that reads',
  async () => {
    const world = await startWorld();
    const socket = net.connect(world.program.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      let text = '';
      socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
      const requests = Array.from(
        { length: 5000 },
        (_, at) => `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: r${at}\r\n\r\n`,
      );
      socket.write(requests.join(''));
      await waitFor('the last response', () => text.includes('X-Request-Id: r4999\r\n'), 60_000);
      const ids = [...text.matchAll(/X-Request-Id: r(\d+)/g)].map(([, id]) => Number(id));
      expect(ids).toEqual(requests.map((_, at) => at));
    } finally {
      socket.destroy();
      await world.stop();
    }
  },
  TEST_TIMEOUT_MS,
);
