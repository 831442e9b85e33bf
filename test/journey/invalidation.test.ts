import { goodClaims, sign } from '../support/tokens.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { exchange } from '../support/http.ts';
import { waitFor } from '../support/wait-for.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());
afterEach(() => world.sandbox.clearFaults());

const city = async (id: string, token = world.token()): Promise<unknown> =>
  (await world.get(`/contacts/${id}`, { token })).json().data?.contact.city;
const setCity = (id: string, name: string) =>
  world.sandbox.patchContact(id, { contact: { contact_city: name } });
const post = (body: string | undefined, headers: Record<string, string> = {}) =>
  exchange(`${world.program.adminUrl}/invalidations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
  });

describe('POST /invalidations', () => {
  test('after its 204 no part fetched before is served', async () => {
    const id = world.freshContact();
    const path = `/contacts/${id}?include=notes,entity,profile,signals`;
    await world.get(path);
    await setCity(id, 'After');
    await world.sandbox.patchContact(id, { entity: { entity_name: 'After Ltd' } });
    const answer = await world.invalidate(id);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    const { contact, entity } = (await world.get(path)).json().data;
    expect([contact.city, entity.name]).toEqual(['After', 'After Ltd']);
    expect(await world.sandbox.callsFor(id)).toHaveLength(2);
  });

  test('applies to every member of the organization', async () => {
    const id = world.freshContact();
    const [org] = world.directory.orgs;
    const tokens = (org?.members ?? [])
      .slice(0, 2)
      .map((member) => sign(goodClaims(org?.id ?? '', member), world.secret));
    await setCity(id, 'Before');
    for (const token of tokens) expect(await city(id, token)).toBe('Before');
    await setCity(id, 'After');
    await world.invalidate(id);
    for (const token of tokens) expect(await city(id, token)).toBe('After');
  });

  test('keeps the entries of other contacts and organizations', async () => {
    const [id, other] = [world.freshContact(), world.freshContact()];
    await city(id);
    await city(other);
    await world.invalidate(other);
    await world.invalidate(id, world.directory.orgs[1]?.id);
    expect((await world.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
  });

  test('removes a cached 404', async () => {
    const id = world.freshContact();
    await world.sandbox.deleteContact(id);
    expect((await world.get(`/contacts/${id}`)).status).toBe(404);
    await world.sandbox.reset();
    await world.invalidate(id);
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
  });

  test('an invalidated entry is not served as stale when the upstream fails', async () => {
    const id = world.freshContact();
    await city(id);
    await world.invalidate(id);
    await world.sandbox.setFaults({ mode: 'error:INVALID_API_KEY', contactId: id });
    expect((await world.get(`/contacts/${id}`)).status).toBe(502);
  });

  test('upper-case ids either invalidate or return 400', async () => {
    const id = world.freshContact();
    await setCity(id, 'Before');
    await city(id);
    await setCity(id, 'After');
    const answer = await world.invalidate(id.toUpperCase(), world.directory.orgs[0]?.id.toUpperCase());
    if (answer.status === 204) expect(await city(id)).toBe('After');
    else expect(answer.status).toBe(400);
  });
});

/** Starts a call whose response contains the old data and arrives byte by byte, long after the change. */
async function startSlowOldResponse(id: string, path: string): Promise<{ ended: Promise<unknown> }> {
  await setCity(id, 'Before');
  await world.sandbox.setFaults({ mode: 'slow-drip', dripMs: 1, contactId: id });
  const ended = world.get(path);
  await world.sandbox.awaitCalls(id, 1);
  await waitFor('the slow response to start', async () =>
    (await world.sandbox.callsFor(id))[0]?.outcome.includes('drip'),
  );
  await setCity(id, 'After');
  return { ended };
}

describe('an upstream call in flight during an invalidation', () => {
  test.each(['', '?include=notes'])('does not restore the old data: %s', async (query) => {
    const id = world.freshContact();
    const path = `/contacts/${id}${query}`;
    const { ended } = await startSlowOldResponse(id, path);
    await world.sandbox.clearFaults();
    expect((await world.invalidate(id)).status).toBe(204);
    expect(await city(id)).toBe('After');
    await ended;
    for (let round = 0; round < 5; round += 1) {
      const again = await world.get(path);
      expect(again.json().data.contact.city).toBe('After');
      if (round > 0) expect(again.headers['cache-status']).toMatch(/; hit;/);
    }
  });

  test('is not joined by a request that arrives after the invalidation', async () => {
    const id = world.freshContact();
    const { ended } = await startSlowOldResponse(id, `/contacts/${id}`);
    expect((await world.invalidate(id)).status).toBe(204);
    expect(await city(id)).toBe('After');
    await ended;
    expect(await city(id)).toBe('After');
    expect(await world.sandbox.callsFor(id)).toHaveLength(2);
  });

  test('does not store its response when it finishes before the next request', async () => {
    const id = world.freshContact();
    const { ended } = await startSlowOldResponse(id, `/contacts/${id}`);
    await world.sandbox.clearFaults();
    await world.invalidate(id);
    await ended;
    expect(await city(id)).toBe('After');
  });

  test('concurrent readers never see old data after the 204 of an invalidation', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ delayMs: 15, contactId: id });
    let settled = 0;
    const state = { over: false };
    const readers = Array.from({ length: 8 }, async () => {
      while (!state.over) {
        const least = settled;
        const seen = Number(String(await city(id)).replace('v', ''));
        if (!Number.isNaN(seen)) expect(seen).toBeGreaterThanOrEqual(least);
      }
    });
    try {
      for (let version = 1; version <= 30; version += 1) {
        await setCity(id, `v${version}`);
        expect((await world.invalidate(id)).status).toBe(204);
        settled = version;
      }
    } finally {
      state.over = true;
    }
    await Promise.all(readers);
    await waitFor('the last version', async () => (await city(id)) === 'v30');
  });
});

describe('invalid bodies', () => {
  test.each([
    undefined,
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"orgId":"x","contactId":"y"}',
    '{"orgId":1,"contactId":["a1b2c3d4-e5f6-7890-abcd-ef1234567890"]}',
    '{"contactId":"a1b2c3d4-e5f6-7890-abcd-ef1234567890"}',
  ])('%s returns a 4xx problem', async (body) => {
    const answer = await post(body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  test('a body over 16 KiB is refused, and no entry is invalidated', async () => {
    const id = world.freshContact();
    await city(id);
    const orgId = world.directory.orgs[0]?.id;
    const body = JSON.stringify({ orgId, contactId: id, padding: 'x'.repeat(17 * 1024) });
    const answer = await post(body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect((await world.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
  });
});
