import { startFleet, redisEvents, type Fleet } from '../support/fleet.ts';
import { CAME_BACK, expectThrough, healthy, REFUSES, TAKES_AGAIN, WENT } from '../support/outage.ts';
import { expectProblem } from '../support/problem.ts';
import { startSlowProxy } from '../support/slow-proxy.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

// Off, so that what is found comes from Redis or the upstream.
const NO_NEAR_CACHE = { CACHE_L1_MAX_MB: '0', REDIS_TIMEOUT_MS: '500' };

describe('a Redis that was well', () => {
  let redis: RedisServer;
  let fleet: Fleet;
  beforeAll(async () => {
    redis = await startRedis();
    fleet = await startFleet(1, { REDIS_URL: redis.url, ...NO_NEAR_CACHE });
  });
  afterAll(async () => {
    await fleet?.stop();
    await redis?.stop();
  });
  const through = (outage: Parameters<typeof expectThrough>[2]) =>
    expectThrough(fleet, fleet.members[0]!, outage);

  test('is killed, and comes back empty', async () => {
    await through({
      begin: () => redis.kill(),
      end: () => redis.restart(),
      reason: /^ECONNREFUSED: nothing listens/,
      invalidation: 503,
    });
  });

  test('hangs', async () => {
    await through({
      begin: () => redis.signal('SIGSTOP'),
      end: () => redis.signal('SIGCONT'),
      reason: /^TIMEOUT: Redis is connected and does not answer in time$/,
      invalidation: 503,
    });
  });

  test('is paused', async () => {
    await through({
      begin: () => redis.cli('client', 'pause', '600000', 'all'),
      end: () => redis.restart(),
      reason: /^TIMEOUT: /,
      invalidation: 503,
    });
  });

  test('is full and evicts nothing', async () => {
    await through({
      begin: () => redis.cli('config', 'set', 'maxmemory', '1'),
      end: () => redis.cli('config', 'set', 'maxmemory', '0'),
      component: 'redis:commands',
      reason: /^OOM: .*maxmemory-policy/,
      events: [REFUSES, TAKES_AGAIN],
      // Taking away needs no memory.
      invalidation: 204,
    });
  });

  test('may not be used any more', async () => {
    await through({
      begin: () => redis.cli('acl', 'setuser', 'default', '-evalsha', '-eval'),
      end: () => redis.cli('acl', 'setuser', 'default', '+@all'),
      component: 'redis:commands',
      reason: /^NOPERM: .*may not run a command/,
      events: [REFUSES, TAKES_AGAIN],
      invalidation: 503,
    });
  });

  test('is restarted in no time: what it forgot is fetched again', async () => {
    const member = fleet.members[0]!;
    const id = fleet.freshContact();
    await member.get(`/contacts/${id}`);
    await redis.restart();
    expect((await member.get(`/contacts/${id}`)).status).toBe(200);
    await healthy(member);
    await member.get(`/contacts/${id}`);
    expect((await member.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
  });

  test('becomes slower than anybody waits for: it is left alone, with one line in the log', async () => {
    const proxy = await startSlowProxy(redis.port);
    const member = await fleet.add({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
    try {
      await expectThrough(fleet, member, {
        begin: () => void (proxy.delayMs = 800),
        end: () => void (proxy.delayMs = 0),
        reason: /^TIMEOUT: /,
        // An invalidation is worth the wait.
        invalidation: 204,
      });
    } finally {
      await proxy.stop();
    }
  });
});

describe('a Redis that cannot be used at the start', () => {
  let fleet: Fleet;
  beforeAll(async () => void (fleet = await startFleet(0, NO_NEAR_CACHE)));
  afterAll(() => fleet?.stop());
  const servers: RedisServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });
  async function redisWith(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
    const server = await startRedis(options);
    servers.push(server);
    return server;
  }
  /** Readiness says so before anybody has asked for anything; then requests are answered all the same. */
  async function expectWithout(env: Record<string, string>, component: string, reason: RegExp) {
    const member = await fleet.add(env);
    const id = fleet.freshContact();
    if (component === 'redis:commands') await member.get(`/contacts/${id}`);
    await waitFor(`readiness to say ${reason}`, async () => {
      const { httpStatus, status, reasons } = await member.readyz();
      if (httpStatus !== 200 || status !== 'degraded') return false;
      return reasons.some((one: { component: string; detail: string }) => {
        return one.component.startsWith(component) && reason.test(one.detail);
      });
    }).catch(async (error: unknown) => {
      throw new Error(JSON.stringify(await member.readyz()), { cause: error });
    });
    for (const include of ['', '?include=notes', '?include=notes,entity']) {
      const answer = await member.get(`/contacts/${id}${include}`);
      expect(answer.status).toBe(200);
      if (component === 'redis') expect(answer.headers['cache-status']).toBe('zyntro-bff; fwd=miss');
    }
    const refused = await member.invalidate(id);
    expectProblem(refused, 503, 'CACHE_UNAVAILABLE');
    expect(refused.headers['retry-after']).toBe('1');
    return { member, id };
  }

  test('is not there yet: the process listens, and uses it once it is', async () => {
    const redis = await redisWith();
    await redis.kill();
    const { member, id } = await expectWithout(
      { REDIS_URL: redis.url },
      'redis',
      /^ECONNREFUSED: nothing listens at the address in REDIS_URL/,
    );
    await redis.restart();
    await healthy(member);
    expect((await member.invalidate(id)).status).toBe(204);
    await member.get(`/contacts/${id}`);
    expect((await member.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
    expect(redisEvents(member)).toEqual([WENT, CAME_BACK]);
  });

  test('hangs', async () => {
    const redis = await redisWith();
    redis.signal('SIGSTOP');
    const { member, id } = await expectWithout({ REDIS_URL: redis.url }, 'redis', /Redis/);
    redis.signal('SIGCONT');
    await healthy(member);
    expect((await member.invalidate(id)).status).toBe(204);
  });

  test.each([
    ['redis://:wrong@', /^WRONGPASS: check the user and the password/] as const,
    ['redis://', /^NOAUTH: Redis wants a password/] as const,
  ])('wants another password than that of %s', async (prefix, reason) => {
    const redis = await redisWith({
      args: ['--requirepass', 'right-password'],
      cliArgs: ['-a', 'right-password', '--no-auth-warning'],
    });
    const { member, id } = await expectWithout(
      { REDIS_URL: `${prefix}127.0.0.1:${redis.port}` },
      'redis',
      reason,
    );
    await redis.cli('config', 'set', 'requirepass', prefix.includes('wrong') ? 'wrong' : '');
    await healthy(member);
    expect((await member.invalidate(id)).status).toBe(204);
  });

  test('is a read-only replica', async () => {
    const master = await redisWith();
    const replica = await redisWith({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    const { member, id } = await expectWithout(
      { REDIS_URL: replica.url },
      'redis:commands',
      /^READONLY: this is a read-only replica: point REDIS_URL to the master$/,
    );
    await replica.cli('replicaof', 'no', 'one');
    await healthy(member);
    expect((await member.invalidate(id)).status).toBe(204);
  });

  test('is no Cluster, but REDIS_MODE says so', async () => {
    const redis = await redisWith();
    await expectWithout(
      { REDIS_MODE: 'cluster', REDIS_NODES: `127.0.0.1:${redis.port}` },
      'redis',
      /REDIS_MODE does not fit the server/,
    );
  });

  test('is a Cluster, but REDIS_MODE does not say so', async () => {
    const redis = await redisWith({
      args: ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'],
    });
    await expectWithout({ REDIS_URL: redis.url }, 'redis', /CLUSTERDOWN|REDIS_MODE does not fit/);
  });

  test('is no Sentinel, but REDIS_MODE says so', async () => {
    const redis = await redisWith();
    await expectWithout(
      { REDIS_MODE: 'sentinel', REDIS_NODES: `127.0.0.1:${redis.port}`, REDIS_SENTINEL_NAME: 'main' },
      'redis',
      /the Sentinels in REDIS_NODES do not answer/,
    );
  });

  test('is spoken to without TLS, and wants it not', async () => {
    const redis = await redisWith();
    await expectWithout(
      { REDIS_URL: redis.url.replace('redis:', 'rediss:') },
      'redis',
      /check rediss:\/\/ against redis:\/\//,
    );
  });
});
