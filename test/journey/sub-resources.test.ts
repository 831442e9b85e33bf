import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const PARTS = ['notes', 'entity', 'profile', 'signals'] as const;

describe('sub-resources', () => {
  test('return the data of the whole contact from the same cache entries', async () => {
    const id = world.freshContact();
    const whole = (await world.get(`/contacts/${id}?include=${PARTS.join(',')}`)).json().data;
    for (const part of PARTS) {
      const answer = await world.get(`/contacts/${id}/${part}`);
      expect({ part, status: answer.status, body: answer.json() }).toEqual({
        part,
        status: 200,
        body: { data: whole[part] },
      });
      expect(answer.headers['cache-status']).toMatch(/^zyntro-bff; hit; ttl=\d+$/);
    }
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });

  test('fetch only their part and store it for the whole contact', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}/entity`);
    await world.get(`/contacts/${id}/entity`);
    const whole = await world.get(`/contacts/${id}?include=entity`);
    expect(whole.headers['cache-status']).toMatch(/; hit;/);
    expect((await world.sandbox.callsFor(id)).map((call) => call.include)).toEqual([['entity']]);
  });

  test('return null when the upstream has no data', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { entity: null, profile: null, signals: null });
    for (const part of ['entity', 'profile', 'signals']) {
      const answer = await world.get(`/contacts/${id}/${part}`);
      expect({ part, status: answer.status, text: answer.text }).toEqual({
        part,
        status: 200,
        text: '{"data":null}',
      });
    }
  });

  test('return 404 for an unknown contact', async () => {
    for (const part of PARTS) {
      const path = `/contacts/00000000-0000-4000-8000-00000000000a/${part}`;
      expectProblem(await world.get(path), 404, 'CONTACT_NOT_FOUND');
    }
  });

  test('require a token', async () => {
    const id = world.freshContact();
    for (const part of PARTS) {
      expectProblem(await exchange(`${world.program.url}/contacts/${id}/${part}`), 401, 'MISSING_TOKEN');
    }
    expect(await world.sandbox.callsFor(id)).toEqual([]);
  });

  test('return ROUTE_NOT_FOUND for an unknown part', async () => {
    const id = world.freshContact();
    expectProblem(await world.get(`/contacts/${id}/photos`), 404, 'ROUTE_NOT_FOUND');
    expectProblem(await world.get(`/contacts/${id}/contact_profile`), 404, 'ROUTE_NOT_FOUND');
  });
});
