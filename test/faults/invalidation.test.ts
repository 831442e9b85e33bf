import { startFleet, type Fleet, type Member } from '../support/fleet.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** Less than the TTL after which an entry would be fetched again without a message. */
const BY_MESSAGE_MS = 20_000;

let redis: RedisServer;
let fleet: Fleet;
beforeAll(async () => {
  redis = await startRedis();
  // Long, so that another process stops serving an entry in time only if it received the message.
  fleet = await startFleet(3, { REDIS_URL: redis.url, CACHE_L1_TTL_MS: '60000' });
});
afterAll(async () => {
  await fleet?.stop();
  await redis?.stop();
});
afterEach(() => fleet.sandbox.clearFaults());

const setCity = (id: string, city: string) =>
  fleet.sandbox.patchContact(id, { contact: { contact_city: city } });
const city = async (member: Member, id: string, token = fleet.token()): Promise<unknown> =>
  (await member.get(`/contacts/${id}?include=notes`, { token })).json().data?.contact.city;

describe('an invalidation sent to one process', () => {
  test('applies to that process at once, and to the others by a message', async () => {
    const id = fleet.freshContact();
    const [one, ...others] = fleet.members;
    await setCity(id, 'Before');
    for (const member of fleet.members) expect(await city(member, id)).toBe('Before');
    await setCity(id, 'After');
    expect((await one!.invalidate(id)).status).toBe(204);
    expect(await city(one!, id)).toBe('After');
    for (const member of others)
      await waitFor(
        'the invalidation message',
        async () => (await city(member, id)) === 'After',
        BY_MESSAGE_MS,
      );
  });

  test('applies to every member of the organization', async () => {
    const id = fleet.freshContact();
    const [one, two] = fleet.members;
    const tokens = fleet.org.members.slice(0, 2).map((memberId) => fleet.token(memberId));
    await setCity(id, 'Before');
    for (const token of tokens) expect(await city(two!, id, token)).toBe('Before');
    await setCity(id, 'After');
    expect((await one!.invalidate(id)).status).toBe(204);
    for (const token of tokens) {
      expect(await city(one!, id, token)).toBe('After');
      await waitFor(
        'the invalidation message',
        async () => (await city(two!, id, token)) === 'After',
        BY_MESSAGE_MS,
      );
    }
  });

  test('removes a cached 404', async () => {
    const id = fleet.freshContact();
    const [one, two] = fleet.members;
    await fleet.sandbox.deleteContact(id);
    for (const member of [one!, two!]) expect((await member.get(`/contacts/${id}`)).status).toBe(404);
    await fleet.sandbox.reset();
    expect((await two!.get(`/contacts/${id}`)).status).toBe(404);
    expect((await one!.invalidate(id)).status).toBe(204);
    expect((await one!.get(`/contacts/${id}`)).status).toBe(200);
    await waitFor(
      'the invalidation message',
      async () => (await two!.get(`/contacts/${id}`)).status === 200,
      BY_MESSAGE_MS,
    );
  });

  test('does not cache the response of a call that another process has in flight', async () => {
    const id = fleet.freshContact();
    const [one, two] = fleet.members;
    await setCity(id, 'Before');
    await fleet.sandbox.setFaults({ delayMs: 1200, contactId: id });
    const old = city(two!, id);
    await fleet.sandbox.awaitCalls(id, 1);
    // The sandbox builds its response before the delay.
    await setCity(id, 'After');
    await fleet.sandbox.clearFaults();
    expect((await one!.invalidate(id)).status).toBe(204);
    expect(await city(one!, id)).toBe('After');
    expect(await old).toBe('Before');
    for (const member of fleet.members)
      for (let round = 0; round < 3; round += 1) expect(await city(member, id)).toBe('After');
    expect(await fleet.sandbox.callsFor(id)).toHaveLength(2);
  });
});
