import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { startGate, type Gate } from '../support/gate.ts';
import type { TestResponse } from '../support/http.ts';
import { waitFor } from '../support/wait-for.ts';

const STALE = /^zyntro-bff; hit; ttl=-\d+; detail=stale$/;
const isStale = (answer: TestResponse): boolean => STALE.test(String(answer.headers['cache-status']));
const SHORT = { CACHE_TTL_CONTACT_S: '1', CACHE_TTL_NOTES_S: '1', CACHE_TTL_NEGATIVE_S: '1' };

describe('stale-while-revalidate', () => {
  let world: World;
  let gate: Gate;
  beforeAll(async () => {
    world = await startWorld(async (sandbox) => {
      gate = await startGate(sandbox.url);
      return { ...SHORT, CACHE_STALE_WHILE_REVALIDATE_S: '600', ZYNTRO_BASE_URL: gate.url };
    });
  });
  afterAll(async () => {
    await gate?.stop();
    await world?.stop();
  });
  afterEach(() => {
    gate.release();
    return world.sandbox.clearFaults();
  });

  test('the stale part is served immediately and refreshed once in the background', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { contact: { contact_city: 'Oldtown' } });
    await world.get(`/contacts/${id}`);
    await world.sandbox.patchContact(id, { contact: { contact_city: 'Newtown' } });
    gate.hold(id);
    const stale = await waitFor('a stale response', async () => {
      const answer = await world.get(`/contacts/${id}`);
      expect(answer.status).toBe(200);
      expect(answer.json().data.contact.city).toBe('Oldtown');
      return isStale(answer) && answer;
    });
    expect(stale.headers['cache-control']).toBe('private, no-cache');
    const crowd = await Promise.all(Array.from({ length: 20 }, () => world.get(`/contacts/${id}`)));
    expect(crowd.every((answer) => answer.status === 200 && isStale(answer))).toBe(true);
    const released = Date.now();
    gate.release();
    await waitFor('the refreshed part', async () => {
      const answer = await world.get(`/contacts/${id}`);
      return answer.json().data.contact.city === 'Newtown';
    });
    const [, , ...later] = await world.sandbox.callsFor(id);
    // Later calls refresh the new part, which expires after a second.
    expect(later.filter((call) => Date.parse(call.at) < released)).toEqual([]);
  });

  test('a failed refresh keeps the stale part, and a successful one replaces it', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}`);
    await world.sandbox.setFaults({ mode: 'error:INVALID_API_KEY', contactId: id });
    await waitFor('a stale response', async () => isStale(await world.get(`/contacts/${id}`)));
    await world.sandbox.awaitCalls(id, 2);
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
    await world.sandbox.clearFaults();
    await waitFor('a fresh response', async () => !isStale(await world.get(`/contacts/${id}`)));
  });

  test('a deleted contact is no longer served after the refresh', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}?include=notes`);
    await world.sandbox.deleteContact(id);
    await waitFor('a 404', async () => (await world.get(`/contacts/${id}?include=notes`)).status === 404);
    await world.sandbox.setFaults({ mode: 'http-500', contactId: id });
    for (const path of [`/contacts/${id}?include=notes`, `/contacts/${id}`, `/contacts/${id}/notes`]) {
      expect((await world.get(path)).status).not.toBe(200);
    }
  });
});

describe('stale-if-error', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      ...SHORT,
      CACHE_STALE_WHILE_REVALIDATE_S: '0',
      CACHE_STALE_IF_ERROR_S: '3600',
      UPSTREAM_TIMEOUT_MS: '3000',
    });
  });
  afterAll(() => world?.stop());
  afterEach(() => world.sandbox.clearFaults());

  test.each(['http-500', 'silent', 'html', 'error:INVALID_DEVELOPER_SECRET', 'reset'])(
    'the expired part is served when the upstream fails with %s',
    async (mode) => {
      const id = world.freshContact();
      const path = `/contacts/${id}?include=notes`;
      const before = (await world.get(path)).json();
      await world.sandbox.setFaults({ mode, contactId: id });
      const answer = await waitFor('a stale response', async () => {
        const polled = await world.get(path);
        expect(polled.status).toBe(200);
        return isStale(polled) && polled;
      });
      expect(answer.json()).toEqual(before);
    },
  );

  test('a 404 replaces the entry, and the old data is not served again', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}`);
    await world.sandbox.deleteContact(id);
    await waitFor('a 404', async () => (await world.get(`/contacts/${id}`)).status === 404);
    await world.sandbox.setFaults({ mode: 'http-500', contactId: id });
    await waitFor('the 404 to expire', async () => {
      const { status } = await world.get(`/contacts/${id}`);
      expect([404, 503]).toContain(status);
      return (await world.sandbox.callsFor(id)).length > 2;
    });
    expect((await world.get(`/contacts/${id}`)).status).not.toBe(200);
  });

  test('a part without a stale entry returns the upstream error', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}`);
    await world.sandbox.setFaults({ mode: 'error:USER_INACTIVE', contactId: id });
    const answer = await world.get(`/contacts/${id}?include=entity`);
    expect({ status: answer.status, code: answer.json().code }).toEqual({
      status: 502,
      code: 'UPSTREAM_CREDENTIALS_REJECTED',
    });
  });
});
