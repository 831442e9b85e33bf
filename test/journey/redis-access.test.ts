import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CLUSTER_RIGHTS, MINIMUM_RIGHTS } from '../../src/cli/doctor/minimum-rights.ts';
import { redisRateLimitStore } from '../../src/rate-limit/redis-rate-limit-store.ts';
import { makeCertificates, type Certificates } from '../support/certificates.ts';
import { PROJECT_ROOT, type Environment } from '../support/child.ts';
import { redisEvents, startFleet, type Fleet } from '../support/fleet.ts';
import { exchange } from '../support/http.ts';
import { healthy, COMMANDS_REJECTED } from '../support/outage.ts';
import { createStore, type OpenedStore } from '../support/redis/create-store.ts';
import { startCluster } from '../support/redis/redis-cluster.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { stamped, UNSTAMPED } from '../support/stamped.ts';
import { waitFor } from '../support/wait-for.ts';

let fleet: Fleet;
beforeAll(async () => void (fleet = await startFleet(0, { CACHE_L1_MAX_MB: '0' })));
afterAll(() => fleet?.stop());

/**
 * Runs every feature that uses Redis and expects no refused command in the log. Waits for a hit, because without a
 * near cache a hit requires a Redis reply within the timeout, which a busy machine can miss.
 */
async function expectToWork(env: Environment): Promise<void> {
  const member = await fleet.add(env);
  const id = fleet.freshContact();
  const cacheStatus = async () => (await member.get(`/contacts/${id}`)).headers['cache-status']!;
  await waitFor('a hit', async () => (await cacheStatus()).includes('; hit;'));
  await waitFor('an invalidation', async () => (await member.invalidate(id)).status === 204);
  expect(await cacheStatus()).toMatch(/fwd=miss/);
  // A revocation with a known expiry, and then one without.
  for (const exp of [Math.ceil(Date.now() / 1000) + 3600, undefined]) {
    const revoked = await exchange(`${member.program.adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jti: crypto.randomUUID(), exp }),
    });
    expect(revoked.status).toBe(204);
  }
  await healthy(member);
  expect(redisEvents(member)).not.toContain(COMMANDS_REJECTED);
}

describe('TLS', () => {
  let certificates: Certificates;
  let redis: RedisServer;
  beforeAll(async () => {
    certificates = makeCertificates();
    redis = await startRedis({
      args: certificates.serverArgs,
      cliArgs: ['--tls', '--cacert', certificates.ca],
    });
  });
  afterAll(async () => {
    await redis?.stop();
    certificates?.remove();
  });

  test('rediss:// works with a private certificate authority', async () => {
    const url = redis.url.replace('redis:', 'rediss:');
    await expectToWork({ REDIS_URL: url, NODE_EXTRA_CA_CERTS: certificates.ca });
  });

  test('an untrusted certificate is refused, and readiness reports it', async () => {
    const member = await fleet.add({ REDIS_URL: redis.url.replace('redis:', 'rediss:') });
    expect((await member.get(`/contacts/${fleet.freshContact()}`)).status).toBe(200);
    await waitFor('readiness to give the reason', async () => {
      const { reasons } = await member.readyz();
      return /certificate.*not trusted.*NODE_EXTRA_CA_CERTS/.test(reasons?.[0]?.detail ?? '');
    });
  });
});

/** The minimum rights of the Redis user, in addition to `ACL SETUSER zbff on >password`. */
const REVOCATIONS = 'scan zremrangebyscore time zcard zscore zadd zrange zscan persist expire'.split(' ');
const COMMANDS =
  'mget get set del exists pexpire eval evalsha publish subscribe ping info client|setname hmget hset pttl getrange role zrem'.split(
    ' ',
  );
const RIGHTS = [
  'resetchannels',
  '&zbff:*',
  '~zbff:*',
  '-@all',
  ...[...COMMANDS, ...REVOCATIONS].map((name) => `+${name}`),
];

test('docs/redis.md and the advice of the doctor list the minimum rights', () => {
  const page = readFileSync(path.join(PROJECT_ROOT, 'docs', 'redis.md'), 'utf8');
  const documented = /^- \*\*Rights\*\*: `([^`]+)`, on a Cluster `([^`]+)`/m.exec(page);
  expect(documented?.[1]?.split(' ').toSorted()).toEqual(RIGHTS.toSorted());
  expect(documented?.[2]).toBe(CLUSTER_RIGHTS);
  expect(MINIMUM_RIGHTS.split(' ').toSorted()).toEqual(RIGHTS.toSorted());
});

test('a user with the minimum rights is sufficient on a Cluster', async () => {
  const cluster = await startCluster({ replicas: 0 });
  try {
    for (const node of cluster.nodes)
      await node.cli('acl', 'setuser', 'zbff', 'on', `>${PASSWORD}`, ...RIGHTS, ...CLUSTER_RIGHTS.split(' '));
    await expectToWork({
      REDIS_MODE: 'cluster',
      REDIS_NODES: cluster.addresses,
      REDIS_USERNAME: 'zbff',
      REDIS_PASSWORD: PASSWORD,
    });
    for (const node of cluster.nodes) expect(await node.cli('acl', 'log')).toBe('');
  } finally {
    await cluster.stop();
  }
});

const PASSWORD = 'p@ss:word/with#all?of%it';

async function useAll({ store, redis }: OpenedStore): Promise<void> {
  const ref = { org: crypto.randomUUID(), member: crypto.randomUUID(), contact: crypto.randomUUID() };
  const claim = await store.claim(ref, ['contact'], ['contact']);
  const entry = {
    bytes: Buffer.from('{}'),
    contentHash: '',
    fetchedAt: performance.now(),
    staleAt: performance.now() + 1000,
    ...UNSTAMPED,
  };
  await claim.store(stamped(claim, [{ part: 'contact', entry, retentionMs: 1000 }]));
  await store.read(ref, ['contact']);
  await store.invalidate(ref.org, ref.contact).catch(() => {});
  const fence = await store.fence(ref.org, ref.contact).catch(() => undefined);
  await fence?.open().catch(() => {});
  const rateLimits = redisRateLimitStore({ redis, onFailure: 'local', now: () => performance.now() });
  await rateLimits.consume('zbff:limit:{test}', 1, { name: 'test', limit: 10, windowMs: 1000 });
}

describe('Redis users and passwords', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
    await redis.cli('acl', 'setuser', 'zbff', 'on', `>${PASSWORD}`, ...RIGHTS);
  });
  afterAll(() => redis?.stop());

  test('a user with the minimum rights is sufficient, and no other command is sent', async () => {
    await redis.cli('acl', 'log', 'reset');
    const user = `zbff:${encodeURIComponent(PASSWORD)}@`;
    await expectToWork({ REDIS_URL: redis.url.replace('//', `//${user}`) });
    expect(await redis.cli('acl', 'log')).toBe('');
  });

  // `info` is not tested: without it the client prints a warning and continues.
  test.each(COMMANDS.filter((name) => name !== 'info'))('the minimum rights require %s', async (command) => {
    await redis.cli('acl', 'setuser', 'weak', 'reset', 'on', `>${PASSWORD}`, ...RIGHTS, `-${command}`);
    await redis.cli('acl', 'log', 'reset');
    const opened = await createStore({
      mode: 'standalone',
      nodes: [{ host: '127.0.0.1', port: redis.port }],
      username: 'weak',
      password: PASSWORD,
    });
    try {
      await waitFor('the server to refuse the command', async () => {
        await useAll(opened);
        return (await redis.cli('acl', 'log')).includes(command);
      });
    } finally {
      opened.close();
    }
  });

  test('reads the password from REDIS_PASSWORD_FILE', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-secret-'));
    const file = path.join(directory, 'password');
    writeFileSync(file, `${PASSWORD}\n`);
    try {
      await expectToWork({ REDIS_URL: redis.url, REDIS_USERNAME: 'zbff', REDIS_PASSWORD_FILE: file });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
