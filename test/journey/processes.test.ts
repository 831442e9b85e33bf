import { randomUUID } from 'node:crypto';
import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { runProgram } from '../support/start-program.ts';
import { newSecret } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';
import { LIMIT, many, PROCESSES, startWorkers, type Workers } from '../support/workers.ts';
import { programEnv } from '../support/world.ts';

let group: Workers;
beforeAll(async () => void (group = await startWorkers()));
afterAll(() => group?.stop());
beforeEach(() => waitFor('all workers to run', () => group.workers().length === PROCESSES));
afterEach(() => group.world.sandbox.clearFaults());

test('the workers together enforce a rate limit exactly', async () => {
  const token = group.world.token({ sub: randomUUID(), rate_tier: 'few' });
  const path = `/contacts/${group.world.freshContact()}`;
  const answers = await many(3 * LIMIT, () => group.world.get(path, { token }));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(LIMIT);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(2 * LIMIT);
});

test('an invalidation applies in every worker after its 204', async () => {
  for (let round = 0; round < 10; round += 1) {
    const path = `/contacts/${group.world.freshContact()}`;
    await many(4 * PROCESSES, () => group.world.get(path));
    const before = await group.world.sandbox.calls();
    const id = path.slice('/contacts/'.length);
    expect((await group.world.invalidate(id)).status).toBe(204);
    const begun = Date.now();
    const after = await many(4 * PROCESSES, () => group.world.get(path));
    const seconds = Math.ceil((Date.now() - begun) / 1000);
    expect(after.map(({ headers }) => headers['cache-status'])).toContain('zyntro-bff; fwd=miss; stored');
    expect(after.filter(({ headers }) => Number(headers['age']) > seconds)).toEqual([]);
    expect((await group.world.sandbox.calls()).length - before.length).toBe(1);
  }
});

test('a revocation applies in every worker after its 204', async () => {
  const jti = randomUUID();
  const token = group.world.token({ jti });
  const path = `/contacts/${group.world.freshContact()}`;
  await many(4 * PROCESSES, () => group.world.get(path, { token }));
  const revoked = await group.world.admin('/revocations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jti }),
  });
  expect(revoked.status).toBe(204);
  for (const answer of await many(4 * PROCESSES, () => group.world.get(path, { token })))
    expectProblem(answer, 401, 'INVALID_TOKEN');
});

test('metrics, status and its faults are those of all workers', async () => {
  const path = `/contacts/${group.world.freshContact()}`;
  const before = await group.counted();
  await many(30, () => group.world.get(path));
  await waitFor('all requests to be counted', async () => (await group.counted()) === before + 30);
  const { metrics } = await group.readStatus();
  expect(metrics['build_info']).toMatchObject([{ value: 1 }]);

  await group.world.sandbox.setFaults({ mode: 'error:IP_NOT_WHITELISTED' });
  await group.world.get(`/contacts/${group.world.freshContact()}`);
  const fault = {
    component: 'upstream',
    detail: expect.stringContaining('IP_NOT_WHITELISTED'),
    since: expect.any(String),
  };
  for (const status of await many(4 * PROCESSES, group.readStatus))
    expect(status).toMatchObject({ status: 'degraded', reasons: [fault] });
  await group.world.sandbox.clearFaults();
  await waitFor('the fault to end', async () => {
    await group.world.get(`/contacts/${randomUUID()}`);
    return (await group.readStatus()).reasons.length === 0;
  });
  for (const { past } of await many(4 * PROCESSES, group.readStatus)) expect(past).toMatchObject([fault]);
});

test('a port in use stops the program instead of a restart loop', async () => {
  const { code, stdout } = await runProgram({
    ...programEnv({ url: 'http://127.0.0.1:9' }, newSecret()),
    REDIS_URL: group.redis.url,
    WEB_CONCURRENCY: '2',
    PORT: '0',
    ADMIN_PORT: new URL(group.world.program.adminUrl).port,
  });
  expect(code).toBe(1);
  expect(stdout).toContain('choose another ADMIN_PORT');
});

test('a worker that dies is replaced, and requests are served meanwhile', async () => {
  const path = `/contacts/${group.world.freshContact()}`;
  await group.world.get(path);
  const pid = group.workers()[0]!;
  await group.killWorker(pid);
  expect(group.lines('worker died, restarting')).toMatchObject([{ level: 'error', pid, signal: 'SIGKILL' }]);
  for (const { status } of await many(4 * PROCESSES, () => group.world.get(path))) expect(status).toBe(200);
  expect((await group.world.invalidate(path.slice('/contacts/'.length))).status).toBe(204);
});

test('a connection that a killed worker did not accept is passed to another worker', async () => {
  const [hung] = group.workers();
  // The stopped worker receives the next connections and does not accept them.
  process.kill(hung!, 'SIGSTOP');
  const responses = Array.from({ length: 3 * PROCESSES }, () =>
    exchange(`${group.world.program.url}/healthz`),
  );
  await Promise.race(responses);
  process.kill(hung!, 'SIGKILL');
  for (const { status } of await Promise.all(responses)) expect(status).toBe(200);
});

test('an invalidation returns 204 while a worker hangs, which serves no older data when it goes on', async () => {
  const id = group.world.freshContact();
  await many(4 * PROCESSES, () => group.world.get(`/contacts/${id}`));
  await group.world.sandbox.patchContact(id, { contact: { contact_city: 'New' } });
  const hung = group.workers()[0]!;
  process.kill(hung, 'SIGSTOP');
  try {
    // A connection passed to the worker that hangs gets no response.
    const tries = await Promise.allSettled(
      Array.from({ length: 3 }, () => group.world.invalidate(id, undefined, { timeoutMs: 8000 })),
    );
    const answers = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(answers.length).toBeGreaterThan(0);
    for (const { status } of answers) expect(status).toBe(204);
  } finally {
    process.kill(hung, 'SIGCONT');
  }
  for (const answer of await many(4 * PROCESSES, () => group.world.get(`/contacts/${id}`)))
    expect(answer.json().data.contact.city).toBe('New');
});

test('/metrics returns 503 while a worker hangs', async () => {
  const hung = group.workers()[0]!;
  process.kill(hung, 'SIGSTOP');
  try {
    // A connection passed to the worker that hangs gets no response.
    const tries = await Promise.allSettled(
      Array.from({ length: 3 }, () =>
        exchange(`${group.world.program.adminUrl}/metrics`, { timeoutMs: 8000 }),
      ),
    );
    const answers = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) expectProblem(answer, 503, 'OVERLOADED');
  } finally {
    process.kill(hung, 'SIGCONT');
  }
  await waitFor('metrics', async () => (await group.world.admin('/metrics')).status === 200);
});
