import { randomUUID } from 'node:crypto';
import { startFleet, type Fleet } from '../support/fleet.ts';
import type { Answer } from '../support/http.ts';
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

/** So many requests of one caller to each process, all at once. */
function crowd(path: string, token: string, each: number, members = fleet.members): Promise<Answer[]> {
  return Promise.all(
    members.flatMap((member) => Array.from({ length: each }, () => member.get(path, { token }))),
  );
}

function allowedOf(answers: readonly Answer[]): number {
  for (const { status } of answers) expect([200, 429]).toContain(status);
  return answers.filter(({ status }) => status === 200).length;
}

const caller = () => fleet.token(undefined, { sub: randomUUID() });
const contact = () => `/contacts/${fleet.freshContact()}`;

async function eachSays(status: string): Promise<void> {
  await waitFor(`every process to be ${status}`, async () => {
    const reports = await Promise.all(fleet.members.map((member) => member.readyz()));
    return reports.every((report) => report.status === status);
  });
}

test('three processes share a limit: 240 requests in parallel let 47 to 50 through', async () => {
  await start();
  for (let round = 0; round < 3; round += 1) {
    const allowed = allowedOf(await crowd(contact(), caller(), 80));
    expect(allowed).toBeLessThanOrEqual(LIMIT);
    expect(allowed).toBeGreaterThanOrEqual(47);
  }
});

test('Redis killed and restarted in the middle: local lets each process go on from what it knew', async () => {
  await start();
  const [path, token] = [contact(), caller()];
  const before = allowedOf(await crowd(path, token, 8));
  expect(before).toBe(24);
  await redis.kill();
  // Each of them has seen some of what the others used, so this is no more than once the limit for each.
  const during = allowedOf(await crowd(path, token, 5));
  expect(during).toBe(15);
  await eachSays('degraded');
  await redis.restart();
  await eachSays('ready');
  // What was let through meanwhile is told, and counts.
  await crowd(path, token, 1);
  expect(before + during + 3 + allowedOf(await crowd(path, token, 80))).toBeLessThanOrEqual(LIMIT);
});

test('Redis down at the start: local counts in each process, and together once it is there', async () => {
  await start();
  await redis.kill();
  const token = caller();
  const path = contact();
  expect(allowedOf(await crowd(path, token, 80))).toBeLessThanOrEqual(PROCESSES * LIMIT);
  await eachSays('degraded');
  await redis.restart();
  await eachSays('ready');
  const next = allowedOf(await crowd(path, caller(), 80));
  expect(next).toBeLessThanOrEqual(LIMIT);
  expect(next).toBeGreaterThanOrEqual(47);
});

test.each([
  ['open', 200],
  ['closed', 503],
])('the policy %s answers %d while Redis is away', async (policy, status) => {
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
  'the policy %s answers failed authentication with %d %s while Redis is away',
  async (policy, status, code) => {
    await start(1, policy);
    await redis.kill();
    const [answer] = await crowd(contact(), 'a.b.c', 1);
    expectProblem(answer!, status, code);
  },
);

test.each(['local', 'closed'])(
  'the policy %s refuses a batch that no window holds with 400',
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

test('no key in Redis holds a subject or an address', async () => {
  await start(1);
  const sub = 'jane.doe@example.com';
  await crowd(contact(), fleet.token(undefined, { sub }), 1);
  await crowd(contact(), 'a.b.c', 1);
  const keys = await redis.cli('keys', 'zbff:limit:*');
  expect(keys.split('\n')).toHaveLength(2);
  expect(keys).not.toMatch(/jane|127\.0|issuer/);
});
