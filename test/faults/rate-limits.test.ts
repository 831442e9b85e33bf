import { randomUUID } from 'node:crypto';
import { redisEvents, startFleet, type Fleet } from '../support/fleet.ts';
import type { TestResponse } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const LIMIT = 50;
const TIERS = JSON.stringify({ default: { limit: LIMIT, windowS: 600 } });
const PROCESSES = 3;

let redis: RedisServer;
let fleet: Fleet;
async function start(size = PROCESSES, policy?: string): Promise<void> {
  redis = await startRedis();
  const env = { REDIS_URL: redis.url, RATE_LIMIT_TIERS: TIERS };
  fleet = await startFleet(size, { ...env, ...(policy && { RATE_LIMIT_ON_STORE_FAILURE: policy }) });
}
afterEach(async () => {
  await fleet?.stop();
  await redis?.stop();
});

/** Sends this many requests of one caller to each process in parallel. */
function crowd(path: string, token: string, each: number, members = fleet.members): Promise<TestResponse[]> {
  return Promise.all(
    members.flatMap((member) => Array.from({ length: each }, () => member.get(path, { token }))),
  );
}

function allowedOf(answers: readonly TestResponse[]): number {
  for (const { status } of answers) expect([200, 429]).toContain(status);
  return answers.filter(({ status }) => status === 200).length;
}

const caller = () => fleet.token(undefined, { sub: randomUUID() });
const contact = () => `/contacts/${fleet.freshContact()}`;

async function awaitStatus(status: string): Promise<void> {
  await waitFor(`every process to be ${status}`, async () => {
    const reports = await Promise.all(fleet.members.map((member) => member.readyz()));
    return reports.every((report) => report.status === status);
  });
}

test('shares a limit of 50 between three processes: 47 to 50 of 240 parallel requests pass', async () => {
  await start();
  for (let round = 0; round < 3; round += 1) {
    const allowed = allowedOf(await crowd(contact(), caller(), 80));
    // A process that has lost Redis counts on its own.
    expect(fleet.members.flatMap(redisEvents)).toEqual([]);
    expect(allowed).toBeLessThanOrEqual(LIMIT);
    expect(allowed).toBeGreaterThanOrEqual(47);
  }
});

test('continues from the last known count in each process with the policy local when Redis is restarted', async () => {
  await start();
  const [path, token] = [contact(), caller()];
  const before = allowedOf(await crowd(path, token, 8));
  expect(before).toBe(24);
  await redis.kill();
  // Each process knows part of the others' usage, so each passes at most the whole limit.
  const during = allowedOf(await crowd(path, token, 5));
  expect(during).toBe(15);
  await awaitStatus('degraded');
  await redis.restart();
  await awaitStatus('ready');
  // Requests that passed during the outage are added to the count in Redis.
  await crowd(path, token, 1);
  expect(before + during + 3 + allowedOf(await crowd(path, token, 80))).toBeLessThanOrEqual(LIMIT);
});

test('counts per process with the policy local if Redis is down at the start, and jointly when Redis is up', async () => {
  await start();
  await redis.kill();
  const token = caller();
  const path = contact();
  expect(allowedOf(await crowd(path, token, 80))).toBeLessThanOrEqual(PROCESSES * LIMIT);
  await awaitStatus('degraded');
  await redis.restart();
  await awaitStatus('ready');
  const next = allowedOf(await crowd(path, caller(), 80));
  expect(next).toBeLessThanOrEqual(LIMIT);
  expect(next).toBeGreaterThanOrEqual(47);
});

test.each([
  ['open', 200],
  ['closed', 503],
])('with the policy %s, returns %d while Redis is unreachable', async (policy, status) => {
  await start(1, policy);
  const path = contact();
  await crowd(path, caller(), 1);
  await redis.kill();
  const answers = await crowd(path, caller(), 80);
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([status]));
  if (status === 200) return;
  for (const answer of answers) {
    expectProblem(answer, 503, 'RATE_LIMIT_UNAVAILABLE');
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.headers).not.toHaveProperty('ratelimit');
  }
});

test.each([
  ['local', 401, 'INVALID_TOKEN'],
  ['open', 401, 'INVALID_TOKEN'],
  ['closed', 503, 'RATE_LIMIT_UNAVAILABLE'],
])(
  'with the policy %s, returns %d %s for failed authentication while Redis is unreachable',
  async (policy, status, code) => {
    await start(1, policy);
    await redis.kill();
    const [answer] = await crowd(contact(), 'a.b.c', 1);
    expectProblem(answer!, status, code);
  },
);

test.each(['local', 'closed'])(
  'with the policy %s, returns 400 for a batch larger than the limit',
  async (policy) => {
    await start(1, policy);
    await redis.kill();
    const ids = Array.from({ length: LIMIT }, () => fleet.freshContact());
    const env = { RATE_LIMIT_TIERS: JSON.stringify({ default: { limit: LIMIT - 1, windowS: 600 } }) };
    const small = await fleet.add({ ...env, RATE_LIMIT_ON_STORE_FAILURE: policy });
    const [answer] = await crowd(`/contacts?ids=${ids.join(',')}`, caller(), 1, [small]);
    expectProblem(answer!, 400, 'INVALID_IDS');
  },
);

test('stores no subject and no address in Redis keys', async () => {
  await start(1);
  const sub = 'jane.doe@example.com';
  await crowd(contact(), fleet.token(undefined, { sub }), 1);
  await crowd(contact(), 'a.b.c', 1);
  const keys = await redis.cli('keys', 'zbff:limit:*');
  expect(keys.split('\n')).toHaveLength(2);
  expect(keys).not.toMatch(/jane|127\.0|issuer/);
});
