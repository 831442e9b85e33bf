import { exchange } from '../support/http.ts';
import { startRedis } from '../support/redis/redis-server.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

const started: World[] = [];
afterAll(() => Promise.all(started.map((world) => world.stop())));
async function start(env: Record<string, string> = {}): Promise<World> {
  const world = await startWorld(env);
  started.push(world);
  return world;
}

const readiness = (url: string): Promise<number | string> =>
  exchange(`${url}/readyz`, { timeoutMs: 1000 }).then(
    (answer) => answer.status,
    (error: NodeJS.ErrnoException) => String(error.code),
  );

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('readiness fails at once, what is under way finishes, and the exit code is 0', async () => {
    const world = await start();
    const id = world.freshContact();
    expect(await readiness(world.program.url)).toBe(200);
    await world.sandbox.setFaults({ delayMs: 1500, contactId: id });
    const underWay = world.get(`/contacts/${id}?include=notes`);
    await world.sandbox.awaitCalls(id, 1);
    const told = performance.now();
    world.program.signal(signal);
    await waitFor('a failing readiness', async () => (await readiness(world.program.adminUrl)) === 503, 1000);
    expect(performance.now() - told).toBeLessThan(1000);
    expect([503, 'ECONNREFUSED']).toContain(await readiness(world.program.url));
    const answer = await underWay;
    expect({ status: answer.status, id: answer.json().data.contact.id }).toEqual({ status: 200, id });
    expect(await world.program.exited).toEqual({ code: 0, signal: null });
  });
});

test('an idle program ends soon after SIGTERM, idle connections or not', async () => {
  const world = await start();
  const http = await import('node:http');
  const agent = new http.Agent({ keepAlive: true });
  await world.get(`/contacts/${world.freshContact()}`, { agent });
  world.program.signal('SIGTERM');
  const begun = performance.now();
  expect(await world.program.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - begun).toBeLessThan(5000);
  agent.destroy();
});

test('SHUTDOWN_GRACE_MS bounds the wait', async () => {
  const world = await start({ SHUTDOWN_GRACE_MS: '500', UPSTREAM_TIMEOUT_MS: '15000' });
  const id = world.freshContact();
  await world.sandbox.setFaults({ mode: 'silent', contactId: id });
  const underWay = world.get(`/contacts/${id}`).catch(() => undefined);
  await world.sandbox.awaitCalls(id, 1);
  const begun = performance.now();
  world.program.signal('SIGTERM');
  await world.program.exited;
  expect(performance.now() - begun).toBeLessThan(4000);
  await underWay;
});

/** Loaded before the program: SIGUSR2 sets the wall clock back by an hour. */
const CLOCK = `--import=data:text/javascript,${encodeURIComponent(
  "const real=Date.now;process.on('SIGUSR2',()=>{Date.now=()=>real()-3600e3;process.stderr.write('set back\\n')})",
)}`;

test('SHUTDOWN_GRACE_MS bounds the wait when the wall clock is set back during the drain', async () => {
  const world = await start({
    SHUTDOWN_GRACE_MS: '2000',
    UPSTREAM_TIMEOUT_MS: '60000',
    NODE_OPTIONS: CLOCK,
  });
  const id = world.freshContact();
  await world.sandbox.setFaults({ mode: 'silent', contactId: id });
  const underWay = world.get(`/contacts/${id}`).catch(() => undefined);
  await world.sandbox.awaitCalls(id, 1);
  world.program.signal('SIGTERM');
  await waitFor('the drain', () => world.program.stdout().includes('draining'));
  world.program.signal('SIGUSR2');
  expect(await world.program.exited).toEqual({ code: 0, signal: null });
  expect(world.program.stderr()).toContain('set back');
  await underWay;
});

test('a second SIGTERM does not cut off the request that the drain waits for', async () => {
  const world = await start();
  const id = world.freshContact();
  await world.sandbox.setFaults({ delayMs: 1500, contactId: id });
  const underWay = world.get(`/contacts/${id}`);
  await world.sandbox.awaitCalls(id, 1);
  world.program.signal('SIGTERM');
  await waitFor('the drain', () => world.program.stdout().includes('draining'));
  world.program.signal('SIGTERM');
  world.program.signal('SIGINT');
  expect((await underWay).status).toBe(200);
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
