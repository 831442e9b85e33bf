import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import type { Claims } from '../support/tokens.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const get = (id: string, claims: Claims, suffix = '') =>
  world.get(`/contacts/${id}${suffix}`, { token: world.token({ scope: undefined, ...claims }) });

describe('scopes', () => {
  test.each([
    { scope: 'contacts:read' },
    { scope: 'openid contacts:read profile' },
    { scp: 'contacts:read' },
    { scp: ['openid', 'contacts:read'] },
    { permissions: ['contacts:read'] },
  ] as Claims[])('%j grants access', async (claims) => {
    expect((await get(world.freshContact(), claims)).status).toBe(200);
  });

  test.each([
    {},
    { scope: '' },
    { scope: 'contacts:write' },
    { scope: 'contacts:read-not' },
    { scope: 'xcontacts:read' },
    { scope: 'CONTACTS:READ' },
    { scope: 'contacts:read,other' },
    { scope: 7 },
    { scope: { 'contacts:read': true } },
    { scp: [['contacts:read']] },
    { permissions: [] },
    { roles: ['contacts:read'] },
  ] as Claims[])('%j returns INSUFFICIENT_SCOPE', async (claims) => {
    const id = world.freshContact();
    for (const suffix of ['', '/notes', '?include=entity']) {
      const answer = await get(id, claims, suffix);
      expectProblem(answer, 403, 'INSUFFICIENT_SCOPE');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*error="insufficient_scope"/);
      expect(answer.headers['www-authenticate']).toMatch(/scope="contacts:read"/);
    }
    expect(await world.sandbox.callsFor(id)).toEqual([]);
  });

  test('are checked on a cache hit', async () => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}`);
    expectProblem(await get(id, { scope: 'other' }), 403, 'INSUFFICIENT_SCOPE');
  });

  test('are checked on a batch', async () => {
    const ids = `${world.freshContact()},${world.freshContact()}`;
    const answer = await world.get(`/contacts?ids=${ids}`, { token: world.token({ scope: 'other' }) });
    expectProblem(answer, 403, 'INSUFFICIENT_SCOPE');
  });

  test('are not part of the cache key', async () => {
    const id = world.freshContact();
    await get(id, { scope: 'contacts:read' }, '?include=notes');
    const answer = await get(id, { permissions: ['contacts:read', 'admin'] }, '?include=notes');
    expect(answer.headers['cache-status']).toMatch(/^zyntro-bff; hit;/);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });
});
