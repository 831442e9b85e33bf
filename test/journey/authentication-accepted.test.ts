import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { AUDIENCE, goodClaims, sign, signByHand } from '../support/tokens.ts';
import type { Claims } from '../support/tokens.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const seconds = (delta: number): number => Math.floor(Date.now() / 1000) + delta;
const ORG_CLAIM = 'https://zyntro.test/org';
let world: World;
let claims: (changes?: Claims) => Claims;

beforeAll(async () => {
  world = await startWorld({ JWT_ALGORITHMS: 'HS256,HS384' });
  const [org] = world.directory.orgs;
  claims = (changes) => goodClaims(org?.id ?? '', org?.members[0] ?? '', changes);
});
afterAll(() => world?.stop());

const statusOf = async (token: string): Promise<number> =>
  (await world.get(`/contacts/${world.freshContact()}`, { token })).status;

describe('accepted tokens', () => {
  test('accepts a token signed with an algorithm in JWT_ALGORITHMS', async () => {
    expect(await statusOf(sign(claims(), world.secret, 'HS256'))).toBe(200);
    expect(await statusOf(sign(claims(), world.secret, 'HS384'))).toBe(200);
    expect(await statusOf(signByHand({ alg: 'HS256', typ: 'JWT' }, claims(), world.secret))).toBe(200);
  });

  test('refuses a token signed with an algorithm that is not in JWT_ALGORITHMS', async () => {
    expect(await statusOf(sign(claims(), world.secret, 'HS512'))).toBe(401);
  });

  test('accepts a token that expired by less than the clock tolerance', async () => {
    expect(await statusOf(sign(claims({ exp: seconds(-1) }), world.secret))).toBe(200);
  });

  test('accepts a token whose aud array includes the audience', async () => {
    expect(await statusOf(sign(claims({ aud: ['another-api', AUDIENCE] }), world.secret))).toBe(200);
  });

  test('compares the Bearer scheme case-insensitively', async () => {
    const headers = { authorization: `bearer ${world.token()}` };
    const answer = await exchange(`${world.program.url}/contacts/${world.freshContact()}`, { headers });
    expect(answer.status).toBe(200);
  });

  test('treats upper-case UUIDs as the same organization and member', async () => {
    const id = world.freshContact();
    const [org] = world.directory.orgs;
    const upper = { org_id: org?.id.toUpperCase(), member_id: org?.members[0]?.toUpperCase() };
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
    const answer = await world.get(`/contacts/${id}`, { token: sign(claims(upper), world.secret) });
    expect(answer.headers['cache-status']).toMatch(/; hit;/);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });
});

describe('custom claim names and tolerance', () => {
  test('reads the identity from the configured claims and applies a tolerance of 0', async () => {
    const other = await startWorld({
      JWT_CLAIM_ORG: ORG_CLAIM,
      JWT_CLAIM_MEMBER: 'mbr',
      JWT_CLOCK_TOLERANCE_S: '0',
    });
    try {
      const [org] = other.directory.orgs;
      const moved = { org_id: undefined, member_id: undefined, [ORG_CLAIM]: org?.id, mbr: org?.members[1] };
      const id = other.freshContact();
      const get = (changes: Claims) =>
        other.get(`/contacts/${id}`, { token: sign(claims({ ...moved, ...changes }), other.secret) });
      expect([200, 404]).toContain((await get({})).status);
      const [call] = await other.sandbox.callsFor(id);
      expect(call).toMatchObject({ orgId: org?.id, memberId: org?.members[1] });
      expectProblem(await get({ exp: seconds(-2) }), 401, 'EXPIRED_TOKEN');
      expectProblem(await get({ mbr: undefined, member_id: org?.members[0] }), 401, 'INVALID_TOKEN');
    } finally {
      await other.stop();
    }
  });
});
