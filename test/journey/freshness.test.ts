import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import type { TestResponse } from '../support/http.ts';
import { waitFor } from '../support/wait-for.ts';

/** TTLs: contact and notes 1 s, entity 600 s, signals 0 (not stored). */
let world: World;
beforeAll(async () => {
  world = await startWorld({
    CACHE_TTL_CONTACT_S: '1',
    CACHE_TTL_NOTES_S: '1',
    CACHE_TTL_ENTITY_S: '600',
    CACHE_TTL_SIGNALS_S: '0',
    CACHE_TTL_NEGATIVE_S: '1',
    CACHE_STALE_WHILE_REVALIDATE_S: '0',
    CACHE_STALE_IF_ERROR_S: '0',
  });
});
afterAll(() => world?.stop());
afterEach(() => world.sandbox.clearFaults());

const included = async (id: string): Promise<string[][]> =>
  (await world.sandbox.callsFor(id)).map((call) => [...call.include].toSorted());

/** Repeats the request until the upstream has received `count` calls for the contact; returns the last response. */
const untilCalled = (path: string, id: string, count: number): Promise<TestResponse> =>
  waitFor(`${count} calls`, async () => {
    const answer = await world.get(path);
    return (await world.sandbox.callsFor(id)).length >= count && answer;
  });

describe('TTL per part', () => {
  test('only the expired part is fetched again', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}?include=entity,notes`);
    await world.sandbox.patchContact(id, { contact: { contact_city: 'Newtown' } });
    const answer = await untilCalled(`/contacts/${id}/notes`, id, 2);
    expect(answer.status).toBe(200);
    expect(await included(id)).toEqual([['entity', 'notes'], ['notes']]);
    const entity = await world.get(`/contacts/${id}/entity`);
    expect(entity.headers['cache-status']).toMatch(/^zyntro-bff; hit; ttl=\d{3}$/);
  });

  test('every upstream response refreshes the contact entry', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}`);
    await world.sandbox.patchContact(id, { contact: { contact_city: 'Refreshed' } });
    await world.get(`/contacts/${id}/entity`);
    const answer = await world.get(`/contacts/${id}`);
    expect(answer.json().data.contact.city).toBe('Refreshed');
  });

  test('a part with a TTL of 0 is not stored', async () => {
    const id = world.freshContact();
    for (let round = 0; round < 3; round += 1) {
      const answer = await world.get(`/contacts/${id}/signals`);
      expect(answer.status).toBe(200);
      expect(answer.headers['cache-status']).not.toMatch(/; hit/);
    }
    expect(await included(id)).toEqual([['signals'], ['signals'], ['signals']]);
  });

  test('a part with a TTL of 0 does not prevent storing the other parts', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}?include=entity,signals`);
    await world.get(`/contacts/${id}?include=entity,signals`);
    expect(await included(id)).toEqual([['entity', 'signals'], ['signals']]);
  });
});

describe('cached 404', () => {
  test('expires after CACHE_TTL_NEGATIVE_S', async () => {
    const id = '00000000-0000-4000-8000-0000000000c1';
    const begun = Date.now();
    const answers = [await world.get(`/contacts/${id}`), await world.get(`/contacts/${id}`)];
    expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
    if (Date.now() - begun < 500) expect(await world.sandbox.callsFor(id)).toHaveLength(1);
    expect((await untilCalled(`/contacts/${id}`, id, 2)).status).toBe(404);
  });

  test('replaces the cached contact', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}?include=entity`);
    await world.sandbox.deleteContact(id);
    expect((await untilCalled(`/contacts/${id}`, id, 2)).status).toBe(404);
    expect((await world.get(`/contacts/${id}`)).status).toBe(404);
  });

  test('also removes the parts that have not expired', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}?include=entity`);
    await world.sandbox.deleteContact(id);
    expect((await untilCalled(`/contacts/${id}`, id, 2)).status).toBe(404);
    await waitFor('the cached 404 to be revalidated', async () => {
      expect((await world.get(`/contacts/${id}/entity`)).status).toBe(404);
      return (await world.sandbox.callsFor(id)).length >= 3;
    });
  });
});

describe('upstream errors', () => {
  test('are not stored, and no stale part is served with CACHE_STALE_IF_ERROR_S=0', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}`);
    await world.sandbox.setFaults({ mode: 'error:INVALID_API_KEY', contactId: id });
    expect((await untilCalled(`/contacts/${id}`, id, 2)).status).toBe(502);
    await world.sandbox.clearFaults();
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
  });
});

describe('cache:bypass', () => {
  test('with the scope, no-cache fetches and stores a new response', async () => {
    const id = world.freshContact();
    const path = `/contacts/${id}/entity`;
    await world.get(path);
    await world.sandbox.patchContact(id, { entity: { entity_name: 'Bypassed Inc' } });
    const token = world.token({ scope: 'contacts:read cache:bypass' });
    const headers = { 'cache-control': 'no-cache' };
    const bypassed = await world.get(path, { token, headers });
    expect(bypassed.json().data.name).toBe('Bypassed Inc');
    expect(bypassed.headers['cache-status']).not.toMatch(/; hit/);
    expect((await world.get(path)).json().data.name).toBe('Bypassed Inc');
    expect((await world.get(path, { token })).headers['cache-status']).toMatch(/; hit;/);
    expect(await world.sandbox.callsFor(id)).toHaveLength(2);
  });

  test.each(['no-store', 'No-Store , x', 'no-cache, no-store', 'max-age=0,no-store'])(
    'with the scope, %s keeps the response out of the cache, batches included',
    async (directives) => {
      const [id, other] = [world.freshContact(), world.freshContact()];
      const token = world.token({ scope: 'contacts:read cache:bypass' });
      const headers = { 'cache-control': directives };
      const path = `/contacts/${id}/entity`;
      const unstored = await world.get(path, { token, headers });
      expect(unstored.headers['cache-status']).toMatch(/^zyntro-bff; fwd=(miss|request)$/);
      expect((await world.get(path)).headers['cache-status']).toBe('zyntro-bff; fwd=miss; stored');
      const batch = `/contacts?ids=${id},${other}&include=entity`;
      expect((await world.get(batch, { token, headers })).status).toBe(200);
      const after = await world.get(`/contacts/${other}/entity`);
      expect(after.headers['cache-status']).toBe('zyntro-bff; fwd=miss; stored');
    },
  );

  test.each(['no-store', 'no-cache, no-store'])('without the scope, %s is ignored', async (directives) => {
    const id = world.freshContact();
    const headers = { 'cache-control': directives };
    const first = await world.get(`/contacts/${id}/entity`, { headers });
    expect(first.headers['cache-status']).toBe('zyntro-bff; fwd=miss; stored');
    const second = await world.get(`/contacts/${id}/entity`, { headers });
    expect(second.headers['cache-status']).toMatch(/; hit;/);
  });

  test('without the scope, no-cache is ignored', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}/entity`);
    const answer = await world.get(`/contacts/${id}/entity`, { headers: { 'cache-control': 'no-cache' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-status']).toMatch(/; hit;/);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });
});
