import { closedPort, type ClosedPort } from '../support/closed-port.ts';
import { startCluster } from '../support/redis/redis-cluster.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { runDoctor } from '../support/run-doctor.ts';
import { startSandbox, type Sandbox } from '../support/start-sandbox.ts';

let sandbox: Sandbox;
let redis: RedisServer;
let closed: ClosedPort;
beforeAll(async () => {
  [sandbox, redis, closed] = await Promise.all([
    startSandbox(),
    startRedis({ args: ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lfu'] }),
    closedPort(),
  ]);
});
afterAll(async () => {
  closed?.release();
  await Promise.all([sandbox?.stop(), redis?.stop()]);
});

test('fails if Redis is down', async () => {
  const { code, wrong, of } = await runDoctor(sandbox.url, {
    REDIS_URL: `redis://127.0.0.1:${closed.port}`,
  });
  expect({ code, wrong }).toEqual({ code: 1, wrong: { Redis: 'failed' } });
  expect(of('Redis').detail).toContain('ECONNREFUSED');
});

test('fails if Redis hangs', async () => {
  redis.signal('SIGSTOP');
  try {
    const env = { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '80' };
    const { code, of } = await runDoctor(sandbox.url, env);
    expect(code).toBe(1);
    expect(of('Redis').status).toBe('failed');
  } finally {
    redis.signal('SIGCONT');
  }
});

test('warns about the eviction, memory and persistence of a default Redis', async () => {
  const plain = await startRedis({ args: ['--appendonly', 'yes', '--save', '900 1'] });
  try {
    const { code, wrong, of } = await runDoctor(sandbox.url, { REDIS_URL: plain.url });
    expect(code).toBe(0);
    expect(wrong).toEqual({
      'Redis eviction': 'warned',
      'Redis memory': 'warned',
      'Redis persistence': 'warned',
    });
    expect(of('Redis eviction')).toMatchObject({
      detail: expect.stringContaining('noeviction'),
      advice: expect.stringContaining('allkeys-lru'),
    });
    expect(of('Redis persistence').detail).toBe('is on (appendonly, snapshots)');
  } finally {
    await plain.stop();
  }
});

test('fails if Redis is a read-only replica', async () => {
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(redis.port)] });
  try {
    const { code, of } = await runDoctor(sandbox.url, { REDIS_URL: replica.url });
    expect(code).toBe(1);
    expect(of('Redis role').advice).toContain('REDIS_URL');
    expect(of('Redis commands')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('READONLY'),
    });
  } finally {
    await replica.stop();
  }
});

const as = (user: string, password: string) =>
  runDoctor(sandbox.url, { REDIS_URL: `redis://${user}:${password}@127.0.0.1:${redis.port}` });

test('fails if a Cluster is configured and the server is standalone', async () => {
  const { code, of } = await runDoctor(sandbox.url, {
    REDIS_MODE: 'cluster',
    REDIS_NODES: `127.0.0.1:${redis.port}`,
  });
  expect(code).toBe(1);
  expect(of('Redis Cluster')).toMatchObject({ status: 'failed', advice: 'check REDIS_MODE' });
});

describe('Redis user', () => {
  const PASSWORD = 'a-password-of-redis';
  const makeUser = (name: string, ...rules: string[]) =>
    redis.cli('acl', 'setuser', name, 'reset', 'on', `>${PASSWORD}`, ...rules);

  test('fails with WRONGPASS for a wrong password', async () => {
    await makeUser('cache', '~*', '&*', '+@all');
    const { code, of } = await as('cache', 'a-mistyped-password');
    expect(code).toBe(1);
    expect(of('Redis')).toMatchObject({ detail: expect.stringContaining('WRONGPASS') });
  });

  test('fails with NOAUTH for a missing password', async () => {
    const closed = await startRedis({ args: ['--requirepass', PASSWORD], cliArgs: ['-a', PASSWORD] });
    try {
      const { code, of } = await runDoctor(sandbox.url, { REDIS_URL: closed.url });
      expect(code).toBe(1);
      expect(of('Redis')).toMatchObject({ detail: expect.stringContaining('NOAUTH') });
    } finally {
      await closed.stop();
    }
  });

  test('passes with only the permissions that the advice lists', async () => {
    const rules = [
      '~zbff:*',
      '&zbff:*',
      '+@read',
      '+@write',
      '+@scripting',
      '+@pubsub',
      '+@connection',
      '+wait',
      '+time',
    ];
    await makeUser('narrow', ...rules);
    const { code, of, findings } = await as('narrow', PASSWORD);
    expect(code).toBe(0);
    expect(of('Redis commands').status).toBe('passed');
    expect(of('Redis server')).toMatchObject({ status: 'warned', detail: expect.stringContaining('NOPERM') });
    expect(findings.map(({ check }) => check)).not.toContain('Redis messages');
  });

  test('fails if the user may not run scripts', async () => {
    await makeUser('noscripts', '~*', '&*', '+@all', '-@scripting');
    const { code, of } = await as('noscripts', PASSWORD);
    expect(code).toBe(1);
    expect(of('Redis commands')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('NOPERM'),
      advice: expect.stringContaining('~zbff:*'),
    });
  });

  test('warns if the user may not subscribe', async () => {
    await makeUser('nosubscribe', '~*', '&*', '+@all', '-subscribe');
    const { code, of } = await as('nosubscribe', PASSWORD);
    expect(code).toBe(0);
    expect(of('Redis messages').status).toBe('warned');
  });
});

test('checks the slots and every master of a Cluster, and merges equal findings', async () => {
  const cluster = await startCluster();
  const look = () => runDoctor(sandbox.url, { REDIS_MODE: 'cluster', REDIS_NODES: cluster.addresses });
  try {
    for (const node of cluster.nodes.slice(1))
      await node.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru');
    const { code, of, findings } = await look();
    expect(code).toBe(0);
    expect(of('Redis Cluster').detail).toBe('all 16384 slots are served');
    expect(of('Redis commands').status).toBe('passed');
    expect(of('Redis memory').status).toBe('warned');
    expect(of('Redis failover')).toMatchObject({
      status: 'warned',
      detail: expect.stringMatching(/^min-replicas-to-write is not in effect/),
      advice: expect.stringMatching(/^set min-replicas-to-write 1 and min-replicas-max-lag 1: /),
    });
    const eviction = findings.filter(({ check }) => check === 'Redis eviction');
    expect(eviction.map(({ status }) => status).toSorted()).toEqual(['passed', 'warned']);
    expect(eviction.find(({ status }) => status === 'warned')!.detail).toContain(
      `noeviction: Redis rejects writes when it is full (127.0.0.1:${cluster.nodes[0]!.port})`,
    );

    await Promise.all(cluster.nodes.map((node) => node.cli('cluster', 'delslots', '0')));
    const broken = await look();
    expect(broken.code).toBe(1);
    expect(broken.of('Redis Cluster')).toMatchObject({
      status: 'failed',
      detail: '16383 of 16384 slots are served',
    });
  } finally {
    await cluster.stop();
  }
});
