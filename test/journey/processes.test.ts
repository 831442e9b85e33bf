import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Status } from '../../src/telemetry/status.ts';
import { parsedLines, type Environment } from '../support/child.ts';
import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { runProgram } from '../support/start-program.ts';
import { newSecret } from '../support/tokens.ts';
import { programEnv, startWorld, type World } from '../support/world.ts';

const LIMIT = 100;
const PROCESSES = 3;
let redis: RedisServer;
let world: World;
async function start(env: Environment = {}): Promise<void> {
  redis = await startRedis();
  world = await startWorld({
    REDIS_URL: redis.url,
    WEB_CONCURRENCY: String(PROCESSES),
    RATE_LIMIT_TIERS: JSON.stringify({
      default: { limit: 10_000, windowS: 60 },
      few: { limit: LIMIT, windowS: 60 },
    }),
    ...env,
  });
  const processes = Number(env['WEB_CONCURRENCY'] ?? PROCESSES);
  await waitFor('all workers to listen', () => workers().length === processes);
}

async function stop(): Promise<void> {
  await world?.stop();
  await redis?.stop();
}

const lines = (message: string) =>
  parsedLines(world.program.stdout()).filter((line) => line['msg'] === message);
/** The workers that have listened, those that have exited included. */
const started = () => lines('listening').map((line) => Number(line['pid']));
const workers = () => started().filter(isThere);
/** Sends `count` concurrent requests on separate connections, which the workers accept round robin. */
const many = <T>(count: number, send: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, send));

/** Kills a worker and waits for the one that replaces it. */
async function killWorker(pid: number): Promise<void> {
  const before = started().length;
  process.kill(pid, 'SIGKILL');
  await waitFor('another worker', () => started().length > before);
}

/** Returns the sum of the requests for a contact that all workers have counted. */
async function counted(): Promise<number> {
  const { text } = await ofAllWorkers('/metrics');
  const series = text.matchAll(/^zyntro_bff_http_requests_total\{route="\/contacts\/:id".*\} (\d+)$/gm);
  return [...series].reduce((sum, [, count]) => sum + Number(count), 0);
}

const readStatus = async (): Promise<Status> => (await ofAllWorkers('/status')).json();

/** Waits until no worker is too busy to report. */
const ofAllWorkers = (path: string) =>
  waitFor(`${path} of all workers`, async () => {
    const answer = await world.admin(path);
    return answer.status === 200 && answer;
  });

describe('the workers of a program', () => {
  beforeAll(() => start());
  afterAll(stop);
  beforeEach(() => waitFor('all workers to run', () => workers().length === PROCESSES));
  afterEach(() => world.sandbox.clearFaults());

  test('the workers together enforce a rate limit exactly', async () => {
    const token = world.token({ sub: randomUUID(), rate_tier: 'few' });
    const path = `/contacts/${world.freshContact()}`;
    const answers = await many(3 * LIMIT, () => world.get(path, { token }));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(LIMIT);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2 * LIMIT);
  });

  test('an invalidation applies in every worker after its 204', async () => {
    for (let round = 0; round < 10; round += 1) {
      const path = `/contacts/${world.freshContact()}`;
      await many(4 * PROCESSES, () => world.get(path));
      const before = await world.sandbox.calls();
      const id = path.slice('/contacts/'.length);
      expect((await world.invalidate(id)).status).toBe(204);
      const begun = Date.now();
      const after = await many(4 * PROCESSES, () => world.get(path));
      const seconds = Math.ceil((Date.now() - begun) / 1000);
      expect(after.map(({ headers }) => headers['cache-status'])).toContain('zyntro-bff; fwd=miss; stored');
      expect(after.filter(({ headers }) => Number(headers['age']) > seconds)).toEqual([]);
      expect((await world.sandbox.calls()).length - before.length).toBe(1);
    }
  });

  test('a revocation applies in every worker after its 204', async () => {
    const jti = randomUUID();
    const token = world.token({ jti });
    const path = `/contacts/${world.freshContact()}`;
    await many(4 * PROCESSES, () => world.get(path, { token }));
    const revoked = await world.admin('/revocations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jti }),
    });
    expect(revoked.status).toBe(204);
    for (const answer of await many(4 * PROCESSES, () => world.get(path, { token })))
      expectProblem(answer, 401, 'INVALID_TOKEN');
  });

  test('metrics, status and its faults are those of all workers', async () => {
    const path = `/contacts/${world.freshContact()}`;
    const before = await counted();
    await many(30, () => world.get(path));
    await waitFor('all requests to be counted', async () => (await counted()) === before + 30);
    const { metrics } = await readStatus();
    expect(metrics['build_info']).toMatchObject([{ value: 1 }]);

    await world.sandbox.setFaults({ mode: 'error:IP_NOT_WHITELISTED' });
    await world.get(`/contacts/${world.freshContact()}`);
    const fault = {
      component: 'upstream',
      detail: expect.stringContaining('IP_NOT_WHITELISTED'),
      since: expect.any(String),
    };
    for (const status of await many(4 * PROCESSES, readStatus))
      expect(status).toMatchObject({ status: 'degraded', reasons: [fault] });
    await world.sandbox.clearFaults();
    await waitFor('the fault to end', async () => {
      await world.get(`/contacts/${world.freshContact()}`);
      return (await readStatus()).reasons.length === 0;
    });
    for (const { past } of await many(4 * PROCESSES, readStatus)) expect(past).toMatchObject([fault]);
  });

  test('a port in use stops the program instead of a restart loop', async () => {
    const { code, stdout } = await runProgram({
      ...programEnv({ url: 'http://127.0.0.1:9' }, newSecret()),
      REDIS_URL: redis.url,
      WEB_CONCURRENCY: '2',
      PORT: '0',
      ADMIN_PORT: new URL(world.program.adminUrl).port,
    });
    expect(code).toBe(1);
    expect(stdout).toContain('choose another ADMIN_PORT');
  });

  test('a worker that dies is replaced, and requests are served meanwhile', async () => {
    const path = `/contacts/${world.freshContact()}`;
    await world.get(path);
    const pid = workers()[0]!;
    await killWorker(pid);
    expect(lines('worker died, restarting')).toMatchObject([{ level: 'error', pid, signal: 'SIGKILL' }]);
    for (const { status } of await many(4 * PROCESSES, () => world.get(path))) expect(status).toBe(200);
    expect((await world.invalidate(path.slice('/contacts/'.length))).status).toBe(204);
  });

  test('a connection that a killed worker did not accept is passed to another worker', async () => {
    const [hung] = workers();
    // The stopped worker receives the next connections and does not accept them.
    process.kill(hung!, 'SIGSTOP');
    const responses = Array.from({ length: 3 * PROCESSES }, () => exchange(`${world.program.url}/healthz`));
    await Promise.race(responses);
    process.kill(hung!, 'SIGKILL');
    for (const { status } of await Promise.all(responses)) expect(status).toBe(200);
  });

  test('an invalidation returns 204 while a worker hangs, which serves no older data when it goes on', async () => {
    const id = world.freshContact();
    await many(4 * PROCESSES, () => world.get(`/contacts/${id}`));
    await world.sandbox.patchContact(id, { contact: { contact_city: 'New' } });
    const hung = workers()[0]!;
    process.kill(hung, 'SIGSTOP');
    try {
      // A connection passed to the worker that hangs gets no response.
      const tries = await Promise.allSettled(
        Array.from({ length: 3 }, () => world.invalidate(id, undefined, { timeoutMs: 8000 })),
      );
      const answers = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(answers.length).toBeGreaterThan(0);
      for (const { status } of answers) expect(status).toBe(204);
    } finally {
      process.kill(hung, 'SIGCONT');
    }
    for (const answer of await many(4 * PROCESSES, () => world.get(`/contacts/${id}`)))
      expect(answer.json().data.contact.city).toBe('New');
  });

  test('/metrics returns 503 while a worker hangs', async () => {
    const hung = workers()[0]!;
    process.kill(hung, 'SIGSTOP');
    try {
      // A connection passed to the worker that hangs gets no response.
      const tries = await Promise.allSettled(
        Array.from({ length: 3 }, () => exchange(`${world.program.adminUrl}/metrics`, { timeoutMs: 8000 })),
      );
      const answers = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(answers.length).toBeGreaterThan(0);
      for (const answer of answers) expectProblem(answer, 503, 'OVERLOADED');
    } finally {
      process.kill(hung, 'SIGCONT');
    }
    await waitFor('metrics', async () => (await world.admin('/metrics')).status === 200);
  });
});

describe('the end of workers', () => {
  afterEach(stop);

  test('the events that a worker counted remain in metrics and status after it dies', async () => {
    await start();
    const requests = 10 * PROCESSES;
    await world.sandbox.setFaults({ mode: 'http-500' });
    await many(requests, () => world.get(`/contacts/${randomUUID()}`));
    /** Returns the state and the failures of the last ten minutes as the workers show them. */
    const shown = async (): Promise<[string, number][]> => {
      const statuses = await many(4 * PROCESSES, readStatus);
      return statuses.map(({ state, history }) => [
        state,
        history.reduce((sum, { failures }) => sum + failures, 0),
      ]);
    };
    const expected = ['failing', requests];
    await waitFor('all requests to be counted', async () => (await counted()) === requests);
    await waitFor('all requests to be in the histories', async () =>
      (await shown()).every(([, failures]) => failures === requests),
    );
    for (const pid of workers()) {
      await killWorker(pid);
      expect(await counted()).toBe(requests);
      for (const one of await shown()) expect(one).toEqual(expected);
    }
  });

  test('SIGTERM shuts down all workers gracefully, and all workers log the same hash of a subject', async () => {
    await start();
    const token = world.token();
    await many(4 * PROCESSES, () => world.get(`/contacts/${world.freshContact()}`, { token }));
    await waitFor('the request log lines', () => lines('request').length >= 4 * PROCESSES);
    expect(new Set(lines('request').flatMap((line) => line['subject'] ?? [])).size).toBe(1);
    const pids = workers();
    expect(await world.program.stop()).toEqual({ code: 0, signal: null });
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
  });

  test('SIGTERM ends all workers after SHUTDOWN_GRACE_MS when one of them hangs', async () => {
    await start({ WEB_CONCURRENCY: '2', SHUTDOWN_GRACE_MS: '500' });
    const pids = workers();
    process.kill(pids[0]!, 'SIGSTOP');
    world.program.signal('SIGTERM');
    expect(await world.program.exited).toEqual({ code: 1, signal: null });
    for (const pid of pids) expect(isThere(pid)).toBe(false);
  });

  test('the workers drain when the primary is killed', async () => {
    await start();
    const pids = workers();
    const { port } = new URL(world.program.url);
    const id = world.freshContact();
    await world.sandbox.setFaults({ delayMs: 1000, contactId: id });
    const inFlight = world.get(`/contacts/${id}`);
    await world.sandbox.awaitCalls(id, 1);
    execFileSync('kill', ['-9', String(world.program.pid)]);
    expect((await inFlight).status).toBe(200);
    await waitFor('the workers to exit', () => pids.every((pid) => !isThere(pid)));
    await expect(exchange(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
