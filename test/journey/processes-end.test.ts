import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { isRunning } from '../support/child.ts';
import { exchange } from '../support/http.ts';
import { waitFor } from '../support/wait-for.ts';
import { many, PROCESSES, startWorkers, type Workers } from '../support/workers.ts';

let group: Workers;
afterEach(() => group?.stop());

test('the events that a worker counted remain in metrics and status after it dies', async () => {
  group = await startWorkers();
  const requests = 10 * PROCESSES;
  await group.world.sandbox.setFaults({ mode: 'http-500' });
  await many(requests, () => group.world.get(`/contacts/${randomUUID()}`));
  /** Returns the state and the failures of the last ten minutes as the workers show them. */
  const shown = async (): Promise<[string, number][]> => {
    const statuses = await many(4 * PROCESSES, group.readStatus);
    return statuses.map(({ state, history }) => [
      state,
      history.reduce((sum, { failures }) => sum + failures, 0),
    ]);
  };
  const expected = ['failing', requests];
  await waitFor('all requests to be counted', async () => (await group.counted()) === requests);
  await waitFor('all requests to be in the histories', async () =>
    (await shown()).every(([, failures]) => failures === requests),
  );
  for (const pid of group.workers()) {
    await group.killWorker(pid);
    expect(await group.counted()).toBe(requests);
    for (const one of await shown()) expect(one).toEqual(expected);
  }
});

test('SIGTERM shuts down all workers gracefully, and all workers log the same hash of a subject', async () => {
  group = await startWorkers();
  const token = group.world.token();
  await many(4 * PROCESSES, () => group.world.get(`/contacts/${group.world.freshContact()}`, { token }));
  await waitFor('the request log lines', () => group.lines('request').length >= 4 * PROCESSES);
  expect(new Set(group.lines('request').flatMap((line) => line['subject'] ?? [])).size).toBe(1);
  const pids = group.workers();
  expect(await group.world.program.stop()).toEqual({ code: 0, signal: null });
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
});

test('SIGTERM ends all workers after SHUTDOWN_GRACE_MS when one of them hangs', async () => {
  group = await startWorkers({ WEB_CONCURRENCY: '2', SHUTDOWN_GRACE_MS: '500' });
  const pids = group.workers();
  process.kill(pids[0]!, 'SIGSTOP');
  group.world.program.signal('SIGTERM');
  expect(await group.world.program.exited).toEqual({ code: 1, signal: null });
  for (const pid of pids) expect(isRunning(pid)).toBe(false);
});

test('the workers drain when the primary is killed', async () => {
  group = await startWorkers();
  const pids = group.workers();
  const { port } = new URL(group.world.program.url);
  const id = group.world.freshContact();
  await group.world.sandbox.setFaults({ delayMs: 1000, contactId: id });
  const inFlight = group.world.get(`/contacts/${id}`);
  await group.world.sandbox.awaitCalls(id, 1);
  execFileSync('kill', ['-9', String(group.world.program.pid)]);
  expect((await inFlight).status).toBe(200);
  await waitFor('the workers to exit', () => pids.every((pid) => !isRunning(pid)));
  await expect(exchange(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
});

test('a worker that the system cannot start is started later, and the others go on', async () => {
  group = await startWorkers();
  const { pid } = group.world.program;
  const limitDescriptors = (limit: number) =>
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
  limitDescriptors(3);
  process.kill(group.workers()[0]!, 'SIGKILL');
  await waitFor('a failed attempt', () => group.lines('worker not started, trying again').length > 0);
  expect(group.workers()).toHaveLength(PROCESSES - 1);
  limitDescriptors(1024);
  await waitFor('all workers to run', () => group.workers().length === PROCESSES);
  expect((await group.world.get(`/contacts/${group.world.freshContact()}`)).status).toBe(200);
});
