import { exchange } from '../support/http.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { expectProblem } from '../support/problem.ts';
import { newSecret } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());
afterEach(() => world.sandbox.clearFaults());

describe('the admin port', () => {
  test('serves /healthz and /readyz', async () => {
    expect((await world.admin('/healthz')).status).toBe(200);
    const ready = await world.admin('/readyz');
    expect({ status: ready.status, state: ready.json().status }).toEqual({ status: 200, state: 'ready' });
  });

  test.each([
    ['error:INVALID_DEVELOPER_SECRET', /credential|INVALID_DEVELOPER_SECRET/i],
    ['error:IP_NOT_WHITELISTED', /egress|IP_NOT_WHITELISTED/i],
  ])('reports the reason after %s until an upstream call succeeds', async (mode, reason) => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ mode, contactId: id });
    expect((await world.get(`/contacts/${id}`)).status).toBe(502);
    const degraded = await world.admin('/readyz');
    expect({ status: degraded.status, state: degraded.json().status }).toEqual({
      status: 200,
      state: 'degraded',
    });
    expect(degraded.text).toMatch(reason);
    const open = await exchange(`${world.program.url}/readyz`);
    expect({ status: open.status, state: open.json().status }).toEqual({ status: 200, state: 'degraded' });
    expect(open.text).not.toMatch(/credential|egress|secret|INVALID_|WHITELIST/i);
    await world.sandbox.clearFaults();
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
    await waitFor('ready', async () => (await world.admin('/readyz')).json().status === 'ready');
  });

  test('returns 404 for contacts and unknown paths', async () => {
    const answer = await world.admin('/nothing');
    expectProblem(answer, 404, 'ROUTE_NOT_FOUND');
    expect((await world.admin(`/contacts/${world.freshContact()}`, { token: world.token() })).status).toBe(
      404,
    );
  });

  test('returns 405 with Allow for a method that the route does not support', async () => {
    const answer = await world.admin('/invalidations');
    expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers['allow']).toMatch(/\bPOST\b/);
  });

  test('does not serve its routes on the public port', async () => {
    const body = JSON.stringify({ orgId: world.directory.orgs[0]?.id, contactId: world.freshContact() });
    const headers = { 'content-type': 'application/json' };
    const answer = await world.get('/invalidations', { method: 'POST', headers, body });
    expectProblem(answer, 404, 'ROUTE_NOT_FOUND');
  });
});

describe('the admin port on all addresses', () => {
  const token = newSecret().replace(/[^\w]/g, '');
  let exposed: World;
  beforeAll(async () => {
    exposed = await startWorld({ ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: token });
  });
  afterAll(() => exposed?.stop());

  const invalidate = (headers: Record<string, string>) => {
    const [org] = exposed.directory.orgs;
    const body = JSON.stringify({ orgId: org?.id, contactId: org?.contacts[0] });
    const method = 'POST';
    return exposed.admin('/invalidations', {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
  };

  test('accepts only its own bearer token', async () => {
    for (const headers of [
      {},
      { authorization: `Bearer ${token}x` },
      { authorization: `Bearer ${token.slice(1)}` },
      { authorization: 'Bearer ' },
      { authorization: `Basic ${token}` },
      { authorization: `Bearer ${exposed.token()}` },
    ] as Record<string, string>[]) {
      const answer = await invalidate(headers);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer\b/);
      expect(answer.text).not.toContain(token);
    }
    expect((await invalidate({ authorization: `Bearer ${token}` })).status).toBe(204);
  });

  test('serves the health checks without a token', async () => {
    expect((await exposed.admin('/healthz')).status).toBe(200);
    expect((await exposed.admin('/readyz')).status).toBe(200);
  });

  test('returns 404 for unknown paths and 405 for other methods, with or without a token', async () => {
    for (const options of [{}, { token }, { token: 'wrong' }]) {
      for (const path of ['/nothing', '/metrics/more', `/contacts/${exposed.freshContact()}`])
        expectProblem(await exposed.admin(path, options), 404, 'ROUTE_NOT_FOUND');
      expectProblem(await exposed.admin('/nothing', { ...options, method: 'POST' }), 404, 'ROUTE_NOT_FOUND');
      expectProblem(await exposed.admin('/invalidations', options), 405, 'METHOD_NOT_ALLOWED');
    }
  });

  test('refuses the admin token for contacts', async () => {
    const answer = await exposed.get(`/contacts/${exposed.freshContact()}`, { token });
    expectProblem(answer, 401, 'INVALID_TOKEN');
  });
});
