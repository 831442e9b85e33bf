import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Environment } from '../support/child.ts';
import { startFleet, type Fleet, type Member } from '../support/fleet.ts';
import type { Json } from '../support/http.ts';
import { healthy } from '../support/outage.ts';
import { startCluster } from '../support/redis/redis-cluster.ts';
import { startSentinels } from '../support/redis/redis-sentinel.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const USER = 'app';
const newPassword = () => randomBytes(18).toString('hex');

interface Setup {
  readonly servers: readonly RedisServer[];
  readonly env: Environment;
  stop(): Promise<unknown>;
}

const MODES: Readonly<Record<string, () => Promise<Setup>>> = {
  async standalone() {
    const redis = await startRedis();
    return { servers: [redis], env: { REDIS_URL: redis.url }, stop: () => redis.stop() };
  },
  async cluster() {
    const cluster = await startCluster();
    const env = { REDIS_MODE: 'cluster', REDIS_NODES: cluster.addresses };
    return { servers: cluster.nodes, env, stop: () => cluster.stop() };
  },
  async sentinel() {
    const sentinels = await startSentinels();
    const { master, replica, addresses, name } = sentinels;
    const env = { REDIS_MODE: 'sentinel', REDIS_NODES: addresses, REDIS_SENTINEL_NAME: name };
    return { servers: [master, replica], env, stop: () => sentinels.stop() };
  },
};

const logged = (member: Member, message: string) =>
  member.events().filter(({ msg }) => msg === message).length;

describe.each(Object.keys(MODES))('the Redis password (%s)', (mode) => {
  let directory: string;
  let redis: Setup;
  let fleet: Fleet;
  let password = newPassword();
  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-redis-password-'));
    redis = await MODES[mode]!();
    await acceptOnly(password);
    writeFile(password);
    fleet = await startFleet(2, {
      ...redis.env,
      REDIS_USERNAME: USER,
      REDIS_PASSWORD_FILE: path.join(directory, 'password'),
      CACHE_L1_MAX_MB: '0',
    });
    await Promise.all(fleet.members.map(healthy));
  });
  afterAll(async () => {
    await fleet?.stop();
    await redis?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const writeFile = (text: string) => writeFileSync(path.join(directory, 'password'), text);

  async function acceptOnly(text: string): Promise<void> {
    const rules = ['on', 'resetpass', `>${text}`, '~*', '&*', '+@all'];
    await Promise.all(redis.servers.map((server) => server.cli('acl', 'setuser', USER, ...rules)));
  }

  /** Forces every connection to reconnect, subscribers included. */
  async function dropConnections(): Promise<void> {
    await Promise.all(redis.servers.map((server) => server.cli('client', 'kill', 'user', USER)));
  }

  async function reload(message: string): Promise<void> {
    const before = fleet.members.map((member) => logged(member, message));
    for (const { program } of fleet.members) program.signal('SIGHUP');
    await waitFor(message, () =>
      fleet.members.every((member, index) => logged(member, message) > before[index]!),
    );
  }

  /** Resolves when both processes use Redis and subscribe with the new password. */
  async function expectToWork(): Promise<void> {
    await waitFor('two subscribers', async () => {
      const lists = await Promise.all(redis.servers.map((server) => server.cli('client', 'list')));
      const lines = lists.join('\n').split('\n');
      return lines.filter((line) => line.includes(` user=${USER} `) && / sub=[1-9]/.test(line)).length >= 2;
    });
    for (const member of fleet.members) {
      await healthy(member);
      const id = fleet.freshContact();
      await waitFor('a cache hit', async () => {
        const answer = await member.get(`/contacts/${id}`);
        return answer.headers['cache-status']?.includes('; hit;');
      });
      await waitFor('an invalidation', async () => (await member.invalidate(id)).status === 204);
    }
  }

  test('is replaced on all connections on SIGHUP', async () => {
    const before = password;
    password = newPassword();
    await acceptOnly(password);
    writeFile(password);
    await reload('new redis credentials in use');
    await dropConnections();
    await expectToWork();
    for (const { program } of fleet.members)
      for (const secret of [before, password]) expect(program.stdout()).not.toContain(secret);
  });

  test('stays in use while Redis rejects the new one, and readiness reports it', async () => {
    password = newPassword();
    writeFile(password);
    await reload('new redis credentials not usable');
    const { reasons } = await fleet.members[0]!.readyz();
    expect(reasons).toEqual([
      expect.objectContaining({
        component: 'redis:credentials',
        detail: expect.stringMatching(/^WRONGPASS: the new credentials do not work yet/),
      }),
    ]);
    // Redis accepts the new password later. The program gets no further signal.
    await acceptOnly(password);
    await waitFor('the new password to be used', async () => {
      const all = await Promise.all(fleet.members.map((member) => member.readyz()));
      return all.every((state: Json) => state.status === 'ready');
    });
    await dropConnections();
    await expectToWork();
  });

  test('stays in use after a file with a wrong password is restored', async () => {
    writeFile(newPassword());
    await reload('new redis credentials not usable');
    writeFile(password);
    await reload('secrets reloaded');
    await expectToWork();
  });
});
