import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const PARTS = ['notes', 'entity', 'profile', 'signals'] as const;

describe('one include alone', () => {
  test('is the same data as in the whole contact, out of the same cache', async () => {
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

  test('asks for itself alone and leaves its entry for the whole contact', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}/entity`);
    await world.get(`/contacts/${id}/entity`);
    const whole = await world.get(`/contacts/${id}?include=entity`);
    expect(whole.headers['cache-status']).toMatch(/; hit;/);
    expect((await world.sandbox.callsFor(id)).map((call) => call.include)).toEqual([['entity']]);
  });

  test('is null where the upstream has none', async () => {
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

  test('of an unknown contact is a 404', async () => {
    for (const part of PARTS) {
      const path = `/contacts/00000000-0000-4000-8000-00000000000a/${part}`;
      expectProblem(await world.get(path), 404, 'CONTACT_NOT_FOUND');
    }
  });

  test('needs a token as the whole contact does', async () => {
    const id = world.freshContact();
    for (const part of PARTS) {
      expectProblem(await exchange(`${world.program.url}/contacts/${id}/${part}`), 401, 'MISSING_TOKEN');
    }
    expect(await world.sandbox.callsFor(id)).toEqual([]);
  });

  test('a part that does not exist is no route', async () => {
    const id = world.freshContact();
    expectProblem(await world.get(`/contacts/${id}/photos`), 404, 'ROUTE_NOT_FOUND');
    expectProblem(await world.get(`/contacts/${id}/contact_profile`), 404, 'ROUTE_NOT_FOUND');
  });
});
