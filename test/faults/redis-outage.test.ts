import { startFleet, redisEvents, type Fleet } from '../support/fleet.ts';
import {
  REDIS_UP,
  expectOutageHandled,
  healthy,
  COMMANDS_REJECTED,
  COMMANDS_ACCEPTED,
  REDIS_DOWN,
} from '../support/outage.ts';
import { expectProblem } from '../support/problem.ts';
import { startSlowProxy } from '../support/slow-proxy.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

// The near cache is off, so that every hit comes from Redis.
const NO_NEAR_CACHE = { CACHE_L1_MAX_MB: '0', REDIS_TIMEOUT_MS: '500' };

describe('a healthy Redis', () => {
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
  const through = (outage: Parameters<typeof expectOutageHandled>[2]) =>
    expectOutageHandled(fleet, fleet.members[0]!, outage);

  test('is killed and restarts empty', async () => {
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
      reason: /^TIMEOUT: Redis is connected and does not respond in time$/,
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

  test('is full and does not evict', async () => {
    await through({
      begin: () => redis.cli('config', 'set', 'maxmemory', '1'),
      end: () => redis.cli('config', 'set', 'maxmemory', '0'),
      component: 'redis:commands',
      reason: /^OOM: .*maxmemory-policy/,
      events: [COMMANDS_REJECTED, COMMANDS_ACCEPTED],
      // Deletes need no memory.
      invalidation: 204,
    });
  });

  test('denies the permission to run scripts', async () => {
    await through({
      begin: () => redis.cli('acl', 'setuser', 'default', '-evalsha', '-eval'),
      end: () => redis.cli('acl', 'setuser', 'default', '+@all'),
      component: 'redis:commands',
      reason: /^NOPERM: .*may not run a command/,
      events: [COMMANDS_REJECTED, COMMANDS_ACCEPTED],
      invalidation: 503,
    });
  });

  test('restarts quickly and empty, and lost entries are fetched again', async () => {
    const member = fleet.members[0]!;
    const id = fleet.freshContact();
    await member.get(`/contacts/${id}`);
    await redis.restart();
    expect((await member.get(`/contacts/${id}`)).status).toBe(200);
    await healthy(member);
    await member.get(`/contacts/${id}`);
    expect((await member.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
  });

  test('becomes slower than REDIS_TIMEOUT_MS, is bypassed, and causes one log line', async () => {
    const proxy = await startSlowProxy(redis.port);
    const member = await fleet.add({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
    try {
      await expectOutageHandled(fleet, member, {
        begin: () => void (proxy.delayMs = 800),
        end: () => void (proxy.delayMs = 0),
        reason: /^TIMEOUT: /,
        // Invalidations wait longer than reads.
        invalidation: 204,
      });
    } finally {
      await proxy.stop();
    }
  });
});

describe('a Redis that is unusable at the start', () => {
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
  /** Expects readiness to report the reason before the first request, and requests to succeed. */
  async function expectWithout(env: Record<string, string>, component: string, reason: RegExp) {
    const member = await fleet.add(env);
    const id = fleet.freshContact();
    if (component === 'redis:commands') await member.get(`/contacts/${id}`);
    await waitFor(`readiness to report ${reason}`, async () => {
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

  test('is down: the process listens, and uses Redis when it is up', async () => {
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
    expect(redisEvents(member)).toEqual([REDIS_DOWN, REDIS_UP]);
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
    ['redis://', /^NOAUTH: Redis requires a password/] as const,
  ])('rejects the password of %s', async (prefix, reason) => {
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

  test('is not a Cluster, but REDIS_MODE is cluster', async () => {
    const redis = await redisWith();
    await expectWithout(
      { REDIS_MODE: 'cluster', REDIS_NODES: `127.0.0.1:${redis.port}` },
      'redis',
      /REDIS_MODE does not fit the server/,
    );
  });

  test('is a Cluster, but REDIS_MODE is not cluster', async () => {
    const redis = await redisWith({
      args: ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'],
    });
    await expectWithout({ REDIS_URL: redis.url }, 'redis', /CLUSTERDOWN|REDIS_MODE does not fit/);
  });

  test('is not a Sentinel, but REDIS_MODE is sentinel', async () => {
    const redis = await redisWith();
    await expectWithout(
      { REDIS_MODE: 'sentinel', REDIS_NODES: `127.0.0.1:${redis.port}`, REDIS_SENTINEL_NAME: 'main' },
      'redis',
      /the Sentinels in REDIS_NODES do not respond/,
    );
  });

  test('accepts plaintext only, but REDIS_URL asks for TLS', async () => {
    const redis = await redisWith();
    await expectWithout(
      { REDIS_URL: redis.url.replace('redis:', 'rediss:') },
      'redis',
      /check rediss:\/\/ against redis:\/\//,
    );
  });
});
