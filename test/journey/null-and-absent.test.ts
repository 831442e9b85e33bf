import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

describe('parts without data are null, parts not requested are absent', () => {
  test('a part that was not requested is absent, although the upstream returns null', async () => {
    const id = world.freshContact();
    const data = (await world.get(`/contacts/${id}`)).json().data;
    expect(Object.keys(data)).toEqual(['contact']);
  });

  test('a null for a part that was not requested is not cached', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { entity: { entity_name: 'Kept Apart Ltd' } });
    await world.get(`/contacts/${id}`);
    await world.get(`/contacts/${id}?include=notes`);
    const data = (await world.get(`/contacts/${id}?include=entity`)).json().data;
    expect(data.entity).toMatchObject({ name: 'Kept Apart Ltd' });
    expect(data).not.toHaveProperty('notes');
  });

  test('a requested part without data is null, and the null is cached', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { entity: null, profile: null, signals: null });
    const path = `/contacts/${id}?include=entity,profile,signals`;
    const first = (await world.get(path)).json().data;
    expect(first).toMatchObject({ entity: null, profile: null, signals: null });
    const again = await world.get(path);
    expect(again.json().data).toEqual(first);
    expect(again.headers['cache-status']).toMatch(/^zyntro-bff; hit; ttl=\d+$/);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });

  test('separately cached null and present parts are combined correctly', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { entity: null, profile: { job_title: 'Buyer' } });
    await world.get(`/contacts/${id}/entity`);
    await world.get(`/contacts/${id}/profile`);
    const data = (await world.get(`/contacts/${id}?include=profile,entity`)).json().data;
    expect(data.entity).toBeNull();
    expect(data.profile).toMatchObject({ jobTitle: 'Buyer' });
  });
});
