import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

describe('null is "there is none", absent is "not asked for"', () => {
  test('a part that was not asked for is absent, although the upstream answers null', async () => {
    const id = world.freshContact();
    const data = (await world.get(`/contacts/${id}`)).json().data;
    expect(Object.keys(data)).toEqual(['contact']);
  });

  test('a null for a part that was not asked for is never cached as "there is none"', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { entity: { entity_name: 'Kept Apart Ltd' } });
    await world.get(`/contacts/${id}`);
    await world.get(`/contacts/${id}?include=notes`);
    const data = (await world.get(`/contacts/${id}?include=entity`)).json().data;
    expect(data.entity).toMatchObject({ name: 'Kept Apart Ltd' });
    expect(data).not.toHaveProperty('notes');
  });

  test('a part that was asked for and is not there is null, and that is cached', async () => {
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

  test('null and present parts keep apart when they are cached one by one', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { entity: null, profile: { job_title: 'Buyer' } });
    await world.get(`/contacts/${id}/entity`);
    await world.get(`/contacts/${id}/profile`);
    const data = (await world.get(`/contacts/${id}?include=profile,entity`)).json().data;
    expect(data.entity).toBeNull();
    expect(data.profile).toMatchObject({ jobTitle: 'Buyer' });
  });
});
