import { redisRevocations, type RedisRevocations } from '../../src/auth/redis-revocations.ts';
import { revocationOf, type RevocationRequest } from '../../src/auth/revocation-store.ts';
import { createRedis } from '../../src/redis/redis-client.ts';
import { GuardedRedis } from '../../src/redis/guarded-redis.ts';
import { Health } from '../../src/telemetry/health.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { startCluster, type RedisCluster } from '../support/redis/redis-cluster.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { newMetrics } from '../support/metrics.ts';
import { redisSettings } from '../support/redis/redis-settings.ts';

const KEY = 'zbff:1:revocations';

interface Process extends RedisRevocations {
  revoke(request: RevocationRequest, maxLifetimeS?: number): Promise<void>;
  refuses(token: { jti?: string; subject?: string; issuedAt?: number }): boolean;
  unusable(): number;
}
let opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened) close();
  opened = [];
});

async function startProcess(
  redis: { mode: 'standalone' | 'cluster'; nodes: readonly { host: string; port: number }[] },
  maxRevocations = 100,
  compareMs = 60_000,
  now: () => number = Date.now,
): Promise<Process> {
  const timeoutMs = 10_000;
  const health = new Health(Date.now);
  const client = new GuardedRedis({
    client: createRedis(redisSettings(redis, { timeoutMs })),
    log: silentLog(),
    health,
    timeoutMs,
    metrics: newMetrics(),
  });
  let unusable = 0;
  const store = redisRevocations({
    redis: client,
    maxRevocations,
    compareMs,
    now,
    onUnusable: () => (unusable += 1),
  });
  opened.push(() => {
    store.close();
    client.close();
  });
  await client.connect();
  // `connect` can return before Redis is ready.
  await waitFor('Redis', () => health.report().reasons.length === 0);
  await store.compare();
  return {
    ...store,
    unusable: () => unusable,
    revoke: (request, maxLifetimeS = 3600) =>
      store.keep(revocationOf(request, { clockToleranceS: 5, maxLifetimeS, now })),
    refuses: ({ jti, subject = 'user', issuedAt }) =>
      store.covers({
        jti,
        issuedAt,
        caller: { issuer: 'issuer', subject, org: '', member: '', scopes: new Set(), tier: undefined },
      }),
  };
}

describe('redisRevocations on one server', () => {
  let server: RedisServer;
  beforeAll(async () => void (server = await startRedis()));
  beforeEach(async () => {
    // A command that the last test sent can still be on its way.
    await waitFor('the connections of the last test to end', async () => {
      const clients = await server.cli('client', 'list', 'type', 'normal');
      return clients.trim().split('\n').length === 1;
    });
    await server.cli('flushall');
  });
  afterAll(() => server?.stop());
  const start = (maxRevocations?: number, compareMs?: number, now?: () => number) =>
    startProcess(
      { mode: 'standalone', nodes: [{ host: '127.0.0.1', port: server.port }] },
      maxRevocations,
      compareMs,
      now,
    );

  test('shares a revocation with running processes and with one that starts later', async () => {
    const [one, two] = [await start(), await start()];
    const then = Math.floor(Date.now() / 1000) - 100;
    await one.revoke({ jti: 'a' });
    await one.revoke({ sub: 'user', before: then });
    expect(one.refuses({ jti: 'a', issuedAt: then + 50 })).toBe(true);
    await waitFor('the revocation by jti', () => two.refuses({ jti: 'a', issuedAt: then + 50 }));
    await waitFor('the revocation by subject', () => two.refuses({ issuedAt: then + 5.5 }));
    const three = await start();
    expect(three.refuses({ jti: 'a', issuedAt: then + 50 })).toBe(true);
    expect(three.refuses({ jti: 'b', issuedAt: then + 50 })).toBe(false);
    expect(three.refuses({ issuedAt: then + 5.5 })).toBe(true);
    expect(three.refuses({ issuedAt: then + 6 })).toBe(false);
    expect([one, two, three].map((process) => process.unusable())).toEqual([0, 0, 0]);
  });

  test('removes expired revocations from Redis, and lets the key expire with the last one', async () => {
    const one = await start();
    await one.revoke({ jti: 'long' });
    await server.cli('zadd', KEY, '1', '["jti",null,"over",null]');
    await one.revoke({ jti: 'short', exp: Date.now() / 1000 + 100 });
    expect(await server.cli('zcard', KEY)).toBe('2');
    const ttl = Number(await server.cli('ttl', KEY));
    expect(ttl).toBeGreaterThan(3500);
    expect(ttl).toBeLessThan(3620);
  });

  test.each([
    ['ahead of', -3_600_000],
    ['behind', 3_600_000],
  ])('keeps active revocations if the clock of Redis is an hour %s the processes', async (_name, offMs) => {
    const now = () => Date.now() + offMs;
    const one = await start(100, 60_000, now);
    await one.revoke({ jti: 'a', exp: now() / 1000 + 600 });
    await one.revoke({ sub: 'user' });
    expect(await server.cli('zcard', KEY)).toBe('2');
    expect((await start(100, 60_000, now)).refuses({ jti: 'a', subject: 'other' })).toBe(true);
  });

  test('keeps active revocations if the clock of one process is ahead', async () => {
    const [one, ahead] = [await start(), await start(100, 60_000, () => Date.now() + 3_600_000)];
    await one.revoke({ jti: 'a', exp: Date.now() / 1000 + 600 });
    await ahead.revoke({ jti: 'b' });
    expect((await start()).refuses({ jti: 'a' })).toBe(true);
  });

  test('never expires a revocation without an end in Redis', async () => {
    const one = await start();
    await one.keep({ by: 'jti', value: 'a', issuer: undefined, before: undefined, until: undefined });
    await one.revoke({ jti: 'b' });
    expect(await server.cli('ttl', KEY)).toBe('-1');
    expect((await start()).refuses({ jti: 'a' })).toBe(true);
  });

  test('restores revocations that Redis has lost', async () => {
    const one = await start(100, 1000);
    await one.revoke({ jti: 'a' });
    await one.revoke({ sub: 'user' });
    await server.cli('flushall');
    await waitFor('both revocations to be restored', async () => (await server.cli('zcard', KEY)) === '2');
    expect((await start()).refuses({ jti: 'a', subject: 'other' })).toBe(true);
  });

  test('loads more revocations than one page holds', async () => {
    const one = await start(2000);
    await Promise.all(Array.from({ length: 1200 }, (_, n) => one.revoke({ jti: `t${n}` })));
    const two = await start(2000);
    const missing = Array.from({ length: 1200 }, (_, n) => n).filter((n) => !two.refuses({ jti: `t${n}` }));
    expect(missing).toEqual([]);
  });

  test('bounds the number of revocations across processes and never evicts an active one', async () => {
    const [one, two] = [await start(3), await start(3)];
    for (const jti of ['a', 'b', 'c']) await one.revoke({ jti });
    await expect(two.revoke({ jti: 'd' })).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
    await two.revoke({ jti: 'a' });
    expect(await server.cli('zcard', KEY)).toBe('3');
  });

  test('counts repeated revocations of a subject once, in whatever process', async () => {
    let at = Date.now();
    /** The latest time of issue that a revocation now covers, with the tolerance. */
    const latest = (): number => Math.floor(at / 1000) + 5;
    const [one, two] = [await start(2, 60_000, () => at), await start(2, 60_000, () => at)];
    for (let round = 0; round < 3; round += 1) {
      at += 1000;
      await one.revoke({ sub: 'a' });
      await waitFor('the message', () => two.refuses({ subject: 'a', issuedAt: latest() }));
      at += 1000;
      await two.revoke({ sub: 'a' });
      await waitFor('the message', () => one.refuses({ subject: 'a', issuedAt: latest() }));
    }
    // An earlier time does not take back the later one.
    await one.revoke({ sub: 'a', before: at / 1000 - 600 });
    expect(await server.cli('zcard', KEY)).toBe('1');
    await one.revoke({ jti: 'b' });
    const later = await start(2, 60_000, () => at);
    expect(later.refuses({ subject: 'a', issuedAt: latest() })).toBe(true);
    expect(later.refuses({ jti: 'b' })).toBe(true);
  });

  test.each([3600, undefined])(
    'replaces a revocation although there are too many (lifetime %s)',
    async (lifetimeS) => {
      let at = Date.now();
      const one = await start(3, 60_000, () => at);
      for (const value of ['a', 'b', 'c']) await one.revoke({ sub: value }, lifetimeS);
      // An operator has lowered the setting.
      const two = await start(2, 60_000, () => at);
      const sub = ['a', 'b', 'c'].find((value) => two.refuses({ subject: value }))!;
      at += 60_000;
      await two.revoke({ sub }, lifetimeS);
      expect(await server.cli('zcard', KEY)).toBe('3');
      const later = await start(3, 60_000, () => at);
      expect(later.refuses({ subject: sub, issuedAt: Math.floor(at / 1000) })).toBe(true);
    },
  );

  test('reports unreadable revocations and applies the others', async () => {
    const one = await start();
    for (const member of ['', 'x', '{}', '["jti"]', '["x",null,"a",null]', '[1,2,3,4]', 'null'])
      await server.cli('zadd', KEY, '9999999999', member);
    await server.cli('publish', KEY, 'nonsense');
    await one.compare();
    await one.revoke({ jti: 'a' });
    expect(one.refuses({ jti: 'a' })).toBe(true);
    expect(one.unusable()).toBeGreaterThanOrEqual(7);
  });

  test('applies a revocation locally while Redis is down, and shares it when Redis is back', async () => {
    const [one, two] = [await start(), await start()];
    await server.kill();
    await expect(one.revoke({ jti: 'a' })).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
    expect([one.refuses({ jti: 'a' }), two.refuses({ jti: 'a' })]).toEqual([true, false]);
    await server.restart();
    await waitFor('the revocation in the other process', () => two.refuses({ jti: 'a' }));
  });
});

describe('redisRevocations on a Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => void (cluster = await startCluster()));
  afterAll(() => cluster?.stop());

  test('shares a revocation with running processes and with one that starts later', async () => {
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const [one, two] = [
      await startProcess({ mode: 'cluster', nodes }),
      await startProcess({ mode: 'cluster', nodes }),
    ];
    await one.revoke({ jti: 'a' });
    await waitFor('the revocation in the other process', () => two.refuses({ jti: 'a' }));
    await waitFor('a later process', async () =>
      (await startProcess({ mode: 'cluster', nodes })).refuses({ jti: 'a' }),
    );
  });
});
