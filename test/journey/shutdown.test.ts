import { startGate, type Gate } from '../support/gate.ts';
import { exchange } from '../support/http.ts';
import { startRedis } from '../support/redis/redis-server.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

const started: { stop(): Promise<unknown> }[] = [];
afterAll(() => Promise.all(started.map((one) => one.stop())));
async function start(env: Record<string, string> = {}): Promise<World> {
  const world = await startWorld(env);
  started.push(world);
  return world;
}

/** Starts a request that is in flight until the gate is released. */
async function startWithRequest() {
  let gate!: Gate;
  const world = await startWorld(async (sandbox) => {
    gate = await startGate(sandbox.url);
    return { ZYNTRO_BASE_URL: gate.url, SHUTDOWN_GRACE_MS: '60000' };
  });
  started.push(world, gate);
  const id = world.freshContact();
  gate.hold(id);
  const inFlight = world.get(`/contacts/${id}?include=notes`);
  await world.sandbox.awaitCalls(id, 1);
  return { world, gate, id, inFlight };
}

const readiness = (url: string): Promise<number | string> =>
  exchange(`${url}/readyz`).then(
    (answer) => answer.status,
    (error: NodeJS.ErrnoException) => String(error.code),
  );

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('fails readiness, finishes requests in flight and exits with 0', async () => {
    const { world, gate, id, inFlight } = await startWithRequest();
    expect(await readiness(world.program.url)).toBe(200);
    world.program.signal(signal);
    await waitFor('readiness to fail', async () => (await readiness(world.program.adminUrl)) === 503);
    expect([503, 'ECONNREFUSED']).toContain(await readiness(world.program.url));
    gate.release();
    const answer = await inFlight;
    expect({ status: answer.status, id: answer.json().data.contact.id }).toEqual({ status: 200, id });
    expect(await world.program.exited).toEqual({ code: 0, signal: null });
  });
});

test('SIGTERM ends a program with idle connections before the grace time', async () => {
  const world = await start();
  const http = await import('node:http');
  const agent = new http.Agent({ keepAlive: true });
  await world.get(`/contacts/${world.freshContact()}`, { agent });
  world.program.signal('SIGTERM');
  const begun = performance.now();
  expect(await world.program.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - begun).toBeLessThan(10_000);
  agent.destroy();
});

test('SHUTDOWN_GRACE_MS limits the drain', async () => {
  const world = await start({ SHUTDOWN_GRACE_MS: '500', UPSTREAM_TIMEOUT_MS: '15000' });
  const id = world.freshContact();
  await world.sandbox.setFaults({ mode: 'silent', contactId: id });
  const inFlight = world.get(`/contacts/${id}`).catch(() => undefined);
  await world.sandbox.awaitCalls(id, 1);
  const begun = performance.now();
  world.program.signal('SIGTERM');
  await world.program.exited;
  expect(performance.now() - begun).toBeLessThan(15_000);
  await inFlight;
});

/** A preloaded module that sets the wall clock back by an hour on SIGUSR2. */
const CLOCK = `--import=data:text/javascript,${encodeURIComponent(
  "const real=Date.now;process.on('SIGUSR2',()=>{Date.now=()=>real()-3600e3;process.stderr.write('set back\\n')})",
)}`;

test('SHUTDOWN_GRACE_MS limits the drain when the wall clock is set back', async () => {
  const world = await start({
    SHUTDOWN_GRACE_MS: '2000',
    UPSTREAM_TIMEOUT_MS: '60000',
    NODE_OPTIONS: CLOCK,
  });
  const id = world.freshContact();
  await world.sandbox.setFaults({ mode: 'silent', contactId: id });
  const inFlight = world.get(`/contacts/${id}`).catch(() => undefined);
  await world.sandbox.awaitCalls(id, 1);
  world.program.signal('SIGTERM');
  await waitFor('the drain', () => world.program.stdout().includes('draining'));
  world.program.signal('SIGUSR2');
  expect(await world.program.exited).toEqual({ code: 0, signal: null });
  expect(world.program.stderr()).toContain('set back');
  await inFlight;
});

test('a second SIGTERM does not abort requests in flight', async () => {
  const { world, gate, inFlight } = await startWithRequest();
  world.program.signal('SIGTERM');
  await waitFor('the drain', () => world.program.stdout().includes('draining'));
  world.program.signal('SIGTERM');
  world.program.signal('SIGINT');
  // A response to a later request means that both signals have arrived.
  await readiness(world.program.adminUrl);
  gate.release();
  expect((await inFlight).status).toBe(200);
  expect(await world.program.exited).toEqual({ code: 0, signal: null });
  expect(world.program.stdout().match(/"msg":"draining"/g)).toHaveLength(1);
});

test('SIGTERM ends the program while Redis hangs', async () => {
  const redis = await startRedis();
  try {
    const world = await start({ REDIS_URL: redis.url, SHUTDOWN_GRACE_MS: '1000' });
    redis.signal('SIGSTOP');
    world.program.signal('SIGTERM');
    expect(await world.program.exited).toEqual({ code: 0, signal: null });
  } finally {
    redis.signal('SIGCONT');
    await redis.stop();
  }
});
