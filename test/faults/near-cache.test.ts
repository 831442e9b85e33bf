import { setTimeout as sleep } from 'node:timers/promises';
import { startFleet, type Fleet, type Member } from '../support/fleet.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const TTL_MS = 1000;

let redis: RedisServer;
let fleet: Fleet;
beforeAll(async () => {
  redis = await startRedis();
  fleet = await startFleet(0, { REDIS_URL: redis.url });
});
afterAll(async () => {
  await fleet?.stop();
  await redis?.stop();
});

async function readsOfRedis(): Promise<number> {
  return Number(/cmdstat_mget:calls=(\d+)/.exec(await redis.cli('info', 'commandstats'))?.[1] ?? 0);
}
const setCity = (id: string, city: string) =>
  fleet.sandbox.patchContact(id, { contact: { contact_city: city } });
const city = async (member: Member, id: string): Promise<unknown> =>
  (await member.get(`/contacts/${id}`)).json().data.contact.city;

test('serves hot entries from the near cache without Redis, and reads them again within CACHE_L1_TTL_MS', async () => {
  const member = await fleet.add({ CACHE_L1_TTL_MS: String(TTL_MS) });
  const id = fleet.freshContact();
  await member.get(`/contacts/${id}`);
  const before = await readsOfRedis();
  const begun = performance.now();
  let answers = 0;
  while (performance.now() - begun < 4 * TTL_MS) {
    expect((await member.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
    answers += 1;
  }
  const elapsed = performance.now() - begun;
  const reads = (await readsOfRedis()) - before;
  expect(reads).toBeGreaterThanOrEqual(3);
  expect(reads).toBeLessThanOrEqual(elapsed / TTL_MS + 1);
  expect(answers).toBeGreaterThan(2 * reads);
});

test('reads every hit from Redis when CACHE_L1_MAX_MB=0', async () => {
  const member = await fleet.add({ CACHE_L1_MAX_MB: '0' });
  const id = fleet.freshContact();
  await member.get(`/contacts/${id}`);
  const before = await readsOfRedis();
  for (let round = 0; round < 20; round += 1)
    expect((await member.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
  expect(await readsOfRedis()).toBe(before + 20);
});

test('uses Redis although nothing may be cached', async () => {
  const parts = ['CONTACT', 'NOTES', 'ENTITY', 'PROFILE', 'SIGNALS', 'NEGATIVE'];
  const noTtl = Object.fromEntries(parts.map((part) => [`CACHE_TTL_${part}_S`, '0']));
  const member = await fleet.add({
    ...noTtl,
    CACHE_STALE_WHILE_REVALIDATE_S: '0',
    CACHE_STALE_IF_ERROR_S: '0',
  });
  const id = fleet.freshContact();
  for (let round = 0; round < 3; round += 1)
    expect((await member.get(`/contacts/${id}?include=notes`)).status).toBe(200);
  expect((await member.invalidate(id)).status).toBe(204);
  expect(await member.readyz()).toMatchObject({ status: 'ready' });
});

test('clears the near cache on resubscription, since messages may have been lost', async () => {
  const member = await fleet.add({ CACHE_L1_TTL_MS: '60000' });
  const id = fleet.freshContact();
  await setCity(id, 'Before');
  expect(await city(member, id)).toBe('Before');
  await setCity(id, 'After');
  // The message of this invalidation is lost.
  expect(await redis.cli('del', `zbff:1:{${fleet.org.id}|${id}}:gen`)).toBe('1');
  expect(await city(member, id)).toBe('Before');
  await redis.cli('client', 'kill', 'type', 'pubsub');
  await waitFor('the near cache to be cleared', async () => (await city(member, id)) === 'After', 20_000);
});

test('serves nothing older than CACHE_L1_TTL_MS in a process that receives no invalidation messages', async () => {
  await redis.cli('acl', 'setuser', 'muted', 'on', '>muted-password', '+@all', '~*', 'resetchannels');
  const muted = await fleet.add({
    REDIS_URL: redis.url.replace('//', '//muted:muted-password@'),
    CACHE_L1_TTL_MS: String(TTL_MS),
  });
  const other = await fleet.add();
  const id = fleet.freshContact();
  for (const version of ['One', 'Two', 'Three']) {
    await setCity(id, version);
    expect((await other.invalidate(id)).status).toBe(204);
    const invalidatedAt = performance.now();
    let begun: number;
    do {
      begun = performance.now();
      const seen = await city(muted, id);
      if (begun > invalidatedAt + TTL_MS) expect(seen).toBe(version);
    } while (begun < invalidatedAt + 2 * TTL_MS);
  }
});

test('serves nothing older than CACHE_L1_TTL_MS while the subscriber is disconnected repeatedly', async () => {
  const member = await fleet.add({ CACHE_L1_TTL_MS: String(TTL_MS) });
  const other = await fleet.add();
  const id = fleet.freshContact();
  const cutting = new AbortController();
  const cuts = (async () => {
    while (!cutting.signal.aborted) {
      await redis.cli('client', 'kill', 'type', 'pubsub');
      await sleep(20);
    }
  })();
  try {
    for (const version of ['One', 'Two', 'Three']) {
      await setCity(id, version);
      expect((await other.invalidate(id)).status).toBe(204);
      const invalidatedAt = performance.now();
      let begun: number;
      do {
        begun = performance.now();
        const seen = await city(member, id);
        if (begun > invalidatedAt + TTL_MS) expect(seen).toBe(version);
      } while (begun < invalidatedAt + 2 * TTL_MS);
    }
  } finally {
    cutting.abort();
    await cuts;
  }
});

test('stores nothing in the near cache or in Redis for no-store, even when a call is in flight', async () => {
  const [member, other] = [await fleet.add(), await fleet.add()];
  const id = fleet.freshContact();
  const path = `/contacts/${id}`;
  const keys = async () => (await redis.cli('keys', `*${id}*`)).split('\n').filter((key) => key !== '');
  const bypassing = {
    token: fleet.token(undefined, { scope: 'contacts:read cache:bypass' }),
    headers: { 'cache-control': 'no-store' },
  };
  expect((await member.get(path, bypassing)).headers['cache-status']).toBe('zyntro-bff; fwd=miss');
  expect(await keys()).toEqual([]);
  await fleet.sandbox.setFaults({ delayMs: 1000, contactId: id });
  const unstored = member.get(path, bypassing);
  await fleet.sandbox.awaitCalls(id, 2);
  const shared = [member.get(path), other.get(path)];
  const answers = await Promise.all([unstored, ...shared]);
  await fleet.sandbox.clearFaults();
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers[0].headers['cache-status']).toBe('zyntro-bff; fwd=miss');
  expect(await fleet.sandbox.callsFor(id)).toHaveLength(3);
});
