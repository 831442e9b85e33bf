import { generateKeyPairSync } from 'node:crypto';
import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { goodClaims, newSecret, sign, signByHand, unsigned } from '../support/tokens.ts';
import type { Claims } from '../support/tokens.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
let id: string;
let claims: (changes?: Claims) => Claims;
const seconds = (delta: number): number => Math.floor(Date.now() / 1000) + delta;

beforeAll(async () => {
  world = await startWorld();
  id = world.freshContact();
  const [org] = world.directory.orgs;
  claims = (changes) => goodClaims(org?.id ?? '', org?.members[0] ?? '', changes);
});
afterAll(() => world?.stop());
afterEach(async () => expect(await world.sandbox.callsFor(id)).toEqual([]));

const withToken = (token: string) => world.get(`/contacts/${id}`, { token });
const withHeader = (authorization: string) =>
  exchange(`${world.program.url}/contacts/${id}`, { headers: { authorization } });

async function expectRefused(token: string, code = 'INVALID_TOKEN'): Promise<void> {
  const answer = await withToken(token);
  expectProblem(answer, 401, code);
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/);
}

describe('requests without a usable token', () => {
  test('returns MISSING_TOKEN with a Bearer challenge when the Authorization header is missing', async () => {
    const answer = await exchange(`${world.program.url}/contacts/${id}`);
    expectProblem(answer, 401, 'MISSING_TOKEN');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="zyntro-bff"');
  });

  test('ignores a token in the query or in an unconfigured cookie', async () => {
    const query = `access_token=${world.token()}`;
    const cookie = `token=${world.token()}`;
    const answer = await exchange(`${world.program.url}/contacts/${id}?${query}`, { headers: { cookie } });
    expectProblem(answer, 401, 'MISSING_TOKEN');
  });

  test.each(['', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', 'Token abc', 'Bearer a b', 'Bearer\tx'])(
    'Authorization: "%s" is a 401 with a challenge',
    async (authorization) => {
      const answer = await withHeader(authorization);
      expect(answer.status).toBe(401);
      expectProblem(answer, 401, answer.json().code);
      expect(['MISSING_TOKEN', 'INVALID_TOKEN']).toContain(answer.json().code);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer\b/);
    },
  );
});

describe('refused tokens', () => {
  test.each(['x', 'a.b.c', 'a.b', '..', 'eyJhbGciOiJIUzI1NiJ9..', `${'A'.repeat(5000)}.b.c`, 'null'])(
    'refuses the malformed token %s',
    (token) => expectRefused(token),
  );

  test('refuses a payload that is not a JSON object', async () => {
    for (const payload of ['"text"', '[]', 'null', '1', '{']) {
      const input = `${b64('{"alg":"HS256","typ":"JWT"}')}.${b64(payload)}`;
      await expectRefused(`${input}.${signByHand({}, {}, 'x').split('.')[2]}`);
    }
  });

  test.each(['none', 'None', 'NONE', 'nOnE'])('refuses alg %s', async (alg) => {
    await expectRefused(unsigned({ alg, typ: 'JWT' }, claims()));
    await expectRefused(`${unsigned({ alg, typ: 'JWT' }, claims())}AAAA`);
  });

  test('refuses a token that is signed with another secret, truncated, or changed after signing', async () => {
    await expectRefused(sign(claims(), newSecret()));
    const good = world.token();
    await expectRefused(good.slice(0, -4));
    const [header, , signature] = good.split('.');
    await expectRefused(`${header}.${b64(JSON.stringify(claims({ sub: 'root' })))}.${signature}`);
  });

  test('refuses RS256 when only a secret is configured', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await expectRefused(sign(claims(), privateKey, 'RS256'));
  });

  test('returns EXPIRED_TOKEN when exp is past by more than the tolerance', () =>
    expectRefused(sign(claims({ exp: seconds(-30) }), world.secret), 'EXPIRED_TOKEN'));

  test.each([
    ['a missing exp', { exp: undefined }],
    ['exp in a string', { exp: '9999999999' }],
    ['nbf in the future', { nbf: Math.floor(Date.now() / 1000) + 3600 }],
    ['another issuer', { iss: 'https://other.test/' }],
    ['a missing issuer', { iss: undefined }],
    ['another audience', { aud: 'another-api' }],
    ['a missing audience', { aud: undefined }],
    ['a missing subject', { sub: undefined }],
    ['a missing organization', { org_id: undefined }],
    ['a missing member', { member_id: undefined }],
    ['an empty organization', { org_id: '' }],
    ['an organization that is not a UUID', { org_id: 'acme' }],
    ['a member that is not a UUID', { member_id: '7' }],
    ['a member with a path in it', { member_id: '../f2470c7f-60b1-4491-b117-8ba0e3e2a53b' }],
    ['a numeric member', { member_id: 7 }],
    ['an organization that is an object', { org_id: { id: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b' } }],
    ['an organization in an array', { org_id: ['f2470c7f-60b1-4491-b117-8ba0e3e2a53b'] }],
    ['a member in an array', { member_id: ['f2470c7f-60b1-4491-b117-8ba0e3e2a53b'] }],
    ['a UUID with a line feed', { member_id: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b\n' }],
  ] as [string, Claims][])('refuses a token with %s', (_, changes) =>
    expectRefused(signLoosely(claims(changes))),
  );

  test.each([
    ['crit', { alg: 'HS256', typ: 'JWT', crit: ['exp'], exp: 1 }],
    ['crit of an unknown extension', { alg: 'HS256', typ: 'JWT', crit: ['urn:x'], 'urn:x': true }],
    ['an empty crit', { alg: 'HS256', crit: [] }],
    ['another typ', { alg: 'HS256', typ: 'secevent+jwt' }],
    ['a typ that is not a string', { alg: 'HS256', typ: 7 }],
    ['an unencoded payload', { alg: 'HS256', b64: false, crit: ['b64'] }],
  ] as [string, Claims][])('refuses %s in the header', (_, header) =>
    expectRefused(signByHand(header, claims(), world.secret)),
  );

  test('returns the same problem for every signature failure', async () => {
    const tokens = [
      sign(claims(), newSecret()),
      world.token().slice(0, -4),
      sign(claims(), newSecret(), 'HS512'),
    ];
    const bodies = [];
    for (const token of tokens) {
      const { requestId, ...rest } = (await withToken(token)).json();
      expect(requestId).toBeTruthy();
      bodies.push(JSON.stringify(rest));
      expect(JSON.stringify(rest)).not.toMatch(/jwt |malformed|signature/i);
    }
    expect(new Set(bodies).size).toBe(1);
  });
});

function b64(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** Signs claims that jsonwebtoken refuses to sign. */
function signLoosely(payload: Claims): string {
  return signByHand({ alg: 'HS256', typ: 'JWT' }, payload, world.secret);
}
