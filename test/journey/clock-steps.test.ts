import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startFleet, type Fleet, type Member } from '../support/fleet.ts';
import type { TestResponse } from '../support/http.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const HOUR_MS = 3_600_000;
const TTL_S = 60;

let directory: string;
let redis: RedisServer;
let fleet: Fleet;
let token: string;
beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-clock-'));
  redis = await startRedis();
  fleet = await startFleet(0, {
    CACHE_TTL_CONTACT_S: String(TTL_S),
    RATE_LIMIT_TIERS: '{"default":{"limit":100000,"windowS":60}}',
  });
  const nowS = Math.floor(Date.now() / 1000);
  token = fleet.token(undefined, { iat: nowS - 10_000, exp: nowS + 10_000 });
});
afterAll(async () => {
  await fleet?.stop();
  await redis?.stop();
  rmSync(directory, { recursive: true });
});

/** Returns `NODE_OPTIONS` that shift the system clock by `ms`; if `later`, from the first SIGUSR2 on. */
function clockOff(ms: number, { later = false } = {}): string {
  const file = path.join(directory, `clock-${ms}-${later}.cjs`);
  const start = later ? `process.on('SIGUSR2', () => (off = ${ms}))` : `off = ${ms}`;
  writeFileSync(
    file,
    `let off = 0; const real = Date.now; Date.now = () => real() + off;
     globalThis.Date = class extends Date { constructor(...a) { super(...(a.length > 0 ? a : [Date.now()])); } };
     ${start};`,
  );
  return `--require=${file}`;
}
async function get(member: Member, id: string): Promise<TestResponse> {
  const answer = await member.get(`/contacts/${id}`, { token });
  // A refused request would never find the entry expired.
  expect(answer.status).not.toBe(429);
  return answer;
}
const ttlOf = (answer: TestResponse): number =>
  Number(/; hit; ttl=(-?\d+)/.exec(String(answer.headers['cache-status']))?.[1]);

test.each([
  ['ahead', HOUR_MS],
  ['behind', -HOUR_MS],
])(
  'two processes, one with its clock an hour %s, share entries, and no entry outlives its TTL',
  async (_way, ms) => {
    const shared = { REDIS_URL: redis.url, CACHE_L1_MAX_MB: '0', CLIENT_MAX_AGE_S: '3600' };
    const punctual = await fleet.add(shared);
    const wrong = await fleet.add({ ...shared, NODE_OPTIONS: clockOff(ms) });
    for (const [writer, reader] of [
      [wrong, punctual],
      [punctual, wrong],
    ] as const) {
      const id = fleet.freshContact();
      expect((await get(writer, id)).status).toBe(200);
      const answer = await waitFor('a hit', async () => {
        const found = await get(reader, id);
        return Number.isNaN(ttlOf(found)) ? undefined : found;
      });
      expect(ttlOf(answer)).toBeGreaterThanOrEqual(0);
      expect(ttlOf(answer)).toBeLessThanOrEqual(TTL_S);
      const maxAge = Number(/max-age=(\d+)/.exec(String(answer.headers['cache-control']))?.[1]);
      expect(maxAge - Number(answer.headers['age'])).toBeLessThanOrEqual(TTL_S);
      expect(Number(answer.headers['age'])).toBeLessThanOrEqual(TTL_S);
      expect(await fleet.sandbox.callsFor(id)).toHaveLength(1);
    }
  },
);

describe.each([
  ['in memory', () => ({})],
  ['in Redis, without a near cache', () => ({ REDIS_URL: redis.url, CACHE_L1_MAX_MB: '0' })],
  ['in Redis, with a near cache', () => ({ REDIS_URL: redis.url })],
])('clock set back by an hour, entries %s', (_name, env) => {
  const SHORT = { CACHE_STALE_WHILE_REVALIDATE_S: '0', CACHE_STALE_IF_ERROR_S: '0' };

  test('does not extend the TTL of an entry or a cached 404', async () => {
    const member = await fleet.add({
      ...env(),
      ...SHORT,
      CACHE_TTL_CONTACT_S: '2',
      CACHE_TTL_NEGATIVE_S: '2',
      NODE_OPTIONS: clockOff(-HOUR_MS, { later: true }),
    });
    const [id, gone] = [fleet.freshContact(), crypto.randomUUID()];
    expect((await get(member, id)).status).toBe(200);
    expect((await get(member, gone)).status).toBe(404);
    member.program.signal('SIGUSR2');
    const isFetchedAgain = async (contact: string) => {
      await get(member, contact);
      return (await fleet.sandbox.callsFor(contact)).length > 1;
    };
    await waitFor('the entry to expire', () => isFetchedAgain(id));
    await waitFor('the cached 404 to expire', () => isFetchedAgain(gone));
  });
});
