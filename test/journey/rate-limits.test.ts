import { randomUUID } from 'node:crypto';
import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const worlds: World[] = [];
afterAll(() => Promise.all(worlds.map((world) => world.stop())));
async function start(env: Record<string, string> = {}): Promise<World> {
  const world = await startWorld(env);
  worlds.push(world);
  return world;
}

const TIERS = JSON.stringify({
  default: { limit: 5, windowS: 60 },
  internal: { limit: 20, windowS: 30 },
});

describe('limits per caller', () => {
  let world: World;
  let contact: string;
  beforeAll(async () => {
    world = await start({ RATE_LIMIT_TIERS: TIERS });
    contact = `/contacts/${world.freshContact()}`;
  });
  const caller = (claims: Record<string, unknown> = {}) => world.token({ sub: randomUUID(), ...claims });

  test('requests up to the limit succeed, and the next one returns 429 with Retry-After', async () => {
    const token = caller();
    for (let left = 4; left >= 0; left -= 1) {
      const { status, headers } = await world.get(contact, { token });
      expect(status).toBe(200);
      expect(headers['ratelimit']).toMatch(new RegExp(`^"default"; r=${left}; t=(60|5\\d)$`));
      expect(headers['ratelimit-policy']).toMatch(/^"default"; q=5; w=60; pk=:[A-Za-z0-9+/=]+:$/);
    }
    const answer = await world.get(contact, { token });
    expectProblem(answer, 429, 'RATE_LIMITED');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(40);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(answer.headers['ratelimit']).toMatch(/^"default"; r=0; t=\d+$/);
    expect(answer.headers['x-ratelimit-limit']).toBeUndefined();
  });

  test('each subject is counted separately', async () => {
    const sub = randomUUID();
    for (let count = 0; count < 5; count += 1) await world.get(contact, { token: world.token({ sub }) });
    expect((await world.get(contact, { token: world.token({ sub }) })).status).toBe(429);
    expect((await world.get(contact, { token: caller() })).status).toBe(200);
  });

  test('tokens, members and paths of one subject share its limit', async () => {
    const sub = randomUUID();
    const paths = [
      contact,
      `${contact}/notes`,
      `${contact}?include=entity`,
      `/contacts?ids=${contact.slice(10)}`,
    ];
    for (const path of [...paths, contact]) {
      expect((await world.get(path, { token: world.token({ sub, jti: randomUUID() }) })).status).toBe(200);
    }
    const token = world.token({ sub, member_id: randomUUID() });
    expect((await world.get(`${contact}/entity`, { token })).status).toBe(429);
  });

  test.each([
    ['internal', 20, 'internal'],
    ['unheard-of', 5, 'default'],
    [undefined, 5, 'default'],
  ])('rate_tier %s selects a limit of %d', async (claim, limit, name) => {
    const { headers } = await world.get(contact, { token: caller({ rate_tier: claim }) });
    expect(headers['ratelimit-policy']).toMatch(new RegExp(`^"${name}"; q=${limit};`));
  });

  test('a batch costs one request per contact, and costs nothing when it exceeds the limit', async () => {
    const token = caller();
    const ids = Array.from({ length: 4 }, () => world.freshContact());
    const batch = `/contacts?ids=${[...ids, ids[0]].join(',')}`;
    const { status, headers } = await world.get(batch, { token });
    expect({ status, limit: headers['ratelimit'] }).toEqual({
      status: 200,
      limit: expect.stringMatching(/r=1;/),
    });
    const refused = await world.get(batch, { token });
    expectProblem(refused, 429, 'RATE_LIMITED');
    expect(refused.headers['ratelimit']).toMatch(/^"default"; r=1; t=[1-9]\d?$/);
    expect(refused.headers['ratelimit-policy']).toMatch(/^"default"; q=5; w=60; pk=/);
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d?$/);
    expect((await world.get(contact, { token })).status).toBe(200);
    expect((await world.get(contact, { token })).status).toBe(429);
  });

  test('a batch larger than the limit returns INVALID_IDS with the maximum size and costs nothing', async () => {
    const token = caller();
    const ids = Array.from({ length: 6 }, () => world.freshContact());
    for (let round = 0; round < 3; round += 1) {
      const answer = await world.get(`/contacts?ids=${ids.join(',')}`, { token });
      expectProblem(answer, 400, 'INVALID_IDS');
      expect(answer.json().detail).toMatch(/\b5\b/);
      expect(answer.headers).not.toHaveProperty('retry-after');
      expect(answer.headers['ratelimit']).toMatch(/^"default"; r=5; t=(60|5\d)$/);
      expect(answer.headers['ratelimit-policy']).toMatch(/^"default"; q=5; w=60; pk=/);
    }
    expect(await world.sandbox.callsFor(ids[0]!)).toEqual([]);
    const fitting = await world.get(`/contacts?ids=${ids.slice(1).join(',')}`, { token });
    expect(fitting.status).toBe(200);
    expect(fitting.headers['ratelimit']).toMatch(/; r=0;/);
  });

  test('requests that fail with 400 or 404 are counted', async () => {
    const token = caller();
    for (const path of ['/contacts/42', `/contacts/${randomUUID()}`, '/contacts?ids=x', contact, contact]) {
      expect((await world.get(path, { token })).status).not.toBe(429);
    }
    expect((await world.get('/contacts/42', { token })).status).toBe(429);
  });

  test('health checks and /openapi.json are not counted', async () => {
    for (const path of ['/healthz', '/readyz', '/openapi.json']) {
      const { status, headers } = await world.get(path, { token: caller() });
      expect({ status, limit: headers['ratelimit'] }).toEqual({ status: 200, limit: undefined });
    }
  });
});

test('the default limit is 120 requests per minute', async () => {
  const world = await start();
  const path = `/contacts/${world.freshContact()}`;
  const token = world.token({ sub: randomUUID() });
  const answers = await Promise.all(Array.from({ length: 130 }, () => world.get(path, { token })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(120);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(10);
  expect(answers[0]!.headers['ratelimit-policy']).toMatch(/^"default"; q=120; w=60;/);
});

const from = (address: string) => ({ 'x-forwarded-for': address });
const bad = (world: World, headers: Record<string, string> = {}) =>
  world.get(`/contacts/${randomUUID()}`, { token: 'a.b.c', headers });
const exhaust = async (world: World, headers: Record<string, string> = {}) => {
  for (let round = 0; round < 7; round += 1)
    await Promise.all(Array.from({ length: 100 }, () => bad(world, headers)));
};

describe('failed authentication limit', () => {
  test('counts by address and does not affect valid tokens', async () => {
    const world = await start();
    await exhaust(world);
    const answer = await bad(world);
    expectProblem(answer, 429, 'RATE_LIMITED');
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect((await world.get(`/contacts/${world.freshContact()}`)).status).toBe(200);
    // Without TRUST_PROXY the header is ignored.
    expect((await bad(world, { 'x-forwarded-for': '203.0.113.7' })).status).toBe(429);
  });

  test('counts by X-Forwarded-For with TRUST_PROXY, and IPv6 clients by their /64', async () => {
    const world = await start({ TRUST_PROXY: '1' });
    await exhaust(world, from('2001:db8:1:2::1'));
    expect((await bad(world, from('2001:db8:1:2:ffff::2'))).status).toBe(429);
    expect((await bad(world, from('2001:db8:1:3::1'))).status).toBe(401);
    expect((await bad(world, from('203.0.113.7'))).status).toBe(401);
    // An address that the client itself added to the header is ignored.
    expect((await bad(world, from('203.0.113.7, 2001:db8:1:2::9'))).status).toBe(429);
  });

  test('counts all spellings of an address together, and all invalid addresses together', async () => {
    const world = await start({ TRUST_PROXY: '1' });
    await exhaust(world, from('203.0.113.7:4711'));
    for (const spelling of ['203.0.113.7', '203.000.113.007', '::ffff:203.0.113.7', '[::FFFF:cb00:7107]:80'])
      expect((await bad(world, from(spelling))).status).toBe(429);
    expect((await bad(world, from('203.0.113.8:4711'))).status).toBe(401);
    await Promise.all(
      Array.from({ length: 700 }, (_, index) => bad(world, from(`_hidden${index}, , junk-${index}`))),
    );
    for (const junk of ['unknown', '_other', '']) expect((await bad(world, from(junk))).status).toBe(429);
    expect((await bad(world, from('203.0.113.9'))).status).toBe(401);
  });

  test('accepts addresses and ranges in TRUST_PROXY', async () => {
    const world = await start({ TRUST_PROXY: 'loopback, 10.0.0.0/8' });
    await exhaust(world, from('203.0.113.7, 10.1.2.3'));
    expect((await bad(world, from('203.0.113.7, 10.1.2.3'))).status).toBe(429);
    expect((await bad(world, from('203.0.113.7:80, 10.1.2.4:4711'))).status).toBe(429);
    expect((await bad(world, from('203.0.113.8, 10.1.2.3'))).status).toBe(401);
  });
});

test('the admin port is not limited', async () => {
  const world = await start({ RATE_LIMIT_TIERS: TIERS });
  for (let count = 0; count < 10; count += 1)
    expect((await exchange(`${world.program.adminUrl}/readyz`)).status).toBe(200);
});
