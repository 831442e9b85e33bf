import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStore, type OpenedStore } from '../support/redis/create-store.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** Long enough for a busy machine: only a hung server exceeds it. */
const TIMEOUT_MS = 500;
/** The time limit of an unresponsive connection. */
const SOCKET_TIMEOUT_MS = 3000;

let server: RedisServer;
let opened: OpenedStore;
beforeEach(async () => {
  server = await startRedis();
  opened = await createStore(
    { mode: 'standalone', nodes: [{ host: '127.0.0.1', port: server.port }] },
    { timeoutMs: TIMEOUT_MS },
  );
});
afterEach(async () => {
  opened.close();
  await server.stop();
});

const get = () => opened.redis.read(['zbff:x']);
const messages = () => opened.logged.map((line) => line['msg']);

async function millisOf(operation: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await operation();
  return performance.now() - begun;
}
const refused = () => expect(get()).rejects.toMatchObject({ name: 'RedisUnavailable' });

test('fails fast after the first timeout of a hung server, until the server responds again', async () => {
  await get();
  server.signal('SIGSTOP');
  const first = await millisOf(refused);
  const rest = await millisOf(async () => {
    for (let round = 0; round < 100; round += 1) await refused();
  });
  expect(first).toBeLessThan(SOCKET_TIMEOUT_MS);
  expect(rest).toBeLessThan(10 * TIMEOUT_MS);
  server.signal('SIGCONT');
  await waitFor('an answer', () => get().catch(() => false));
  expect(messages()).toEqual(['redis unreachable, continuing without it', 'redis reachable again']);
});

test('uses a server again after a restoration that takes longer than a request may wait', async () => {
  const timeoutMs = 80;
  const impatient = await createStore(
    { mode: 'standalone', nodes: [{ host: '127.0.0.1', port: server.port }] },
    { timeoutMs },
  );
  try {
    const invalidations = Array.from({ length: 5000 }, () =>
      impatient.store.invalidate('o', crypto.randomUUID()),
    );
    await Promise.allSettled(invalidations);
    impatient.redis.onRecovery(() => sleep(5 * timeoutMs));
    const isHealthy = () => impatient.health.report().reasons.length === 0;
    await waitFor('Redis to be up', isHealthy);
    server.signal('SIGSTOP');
    await waitFor('the outage', () => !isHealthy());
    server.signal('SIGCONT');
    await waitFor('the recovery', isHealthy);
  } finally {
    impatient.close();
  }
});

test('detects an outage without traffic', async () => {
  await server.kill();
  await waitFor('the heartbeat', () => opened.health.report().reasons.length > 0);
  await server.restart();
  await waitFor('the recovery', () => opened.health.report().reasons.length === 0);
  expect(messages()).toHaveLength(2);
});

test('keeps using a server that rejects some commands, and reports it once', async () => {
  await server.cli('acl', 'setuser', 'default', '-evalsha', '-eval');
  const script = opened.redis.script("return redis.call('GET', KEYS[1])");
  for (let round = 0; round < 20; round += 1) {
    await expect(script(['zbff:x'], [])).rejects.toMatchObject({ name: 'RedisUnavailable' });
    await opened.redis.call('GET', ['zbff:x']);
  }
  const [reason] = opened.health.report().reasons;
  expect(reason).toMatchObject({ component: 'redis:commands', detail: expect.stringMatching(/^NOPERM: /) });
  await server.cli('acl', 'setuser', 'default', '+@all');
  await waitFor('the recovery', () => opened.health.report().reasons.length === 0);
  expect(messages()).toEqual(['redis rejects commands', 'redis accepts commands again']);
});

test('reports a server with its maximum number of clients, and uses it when clients have left', async () => {
  const full = await startRedis({ args: ['--maxclients', '1'] });
  const other = connect(full.port, '127.0.0.1');
  await once(other, 'connect');
  const late = await createStore(
    { mode: 'standalone', nodes: [{ host: '127.0.0.1', port: full.port }] },
    { up: false },
  );
  try {
    await waitFor('the reason', () =>
      late.health
        .report()
        .reasons.some(({ detail }) => /^MAXCLIENTS: .*maximum number of clients/.test(detail)),
    );
    // The client needs more connections than this one, and would take its place before any other.
    other.write('config set maxclients 100\r\n');
    other.end();
    await waitFor('the recovery', () => late.health.report().reasons.length === 0);
  } finally {
    late.close();
    other.destroy();
    await full.stop();
  }
});
