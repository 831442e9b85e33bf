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

describe('no token', () => {
  test('is MISSING_TOKEN with a Bearer challenge', async () => {
    const answer = await exchange(`${world.program.url}/contacts/${id}`);
    expectProblem(answer, 401, 'MISSING_TOKEN');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="zyntro-bff"');
  });

  test('a token anywhere else than in the header is no token', async () => {
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

describe('tokens that are refused', () => {
  test.each(['x', 'a.b.c', 'a.b', '..', 'eyJhbGciOiJIUzI1NiJ9..', `${'A'.repeat(5000)}.b.c`, 'null'])(
    'malformed: %s',
    (token) => expectRefused(token),
  );

  test('a payload that is no JSON object', async () => {
    for (const payload of ['"text"', '[]', 'null', '1', '{']) {
      const input = `${b64('{"alg":"HS256","typ":"JWT"}')}.${b64(payload)}`;
      await expectRefused(`${input}.${signByHand({}, {}, 'x').split('.')[2]}`);
    }
  });

  test.each(['none', 'None', 'NONE', 'nOnE'])('alg %s', async (alg) => {
    await expectRefused(unsigned({ alg, typ: 'JWT' }, claims()));
    await expectRefused(`${unsigned({ alg, typ: 'JWT' }, claims())}AAAA`);
  });

  test('signed with another secret, or with a piece cut off, or changed after signing', async () => {
    await expectRefused(sign(claims(), newSecret()));
    const good = world.token();
    await expectRefused(good.slice(0, -4));
    const [header, , signature] = good.split('.');
    await expectRefused(`${header}.${b64(JSON.stringify(claims({ sub: 'root' })))}.${signature}`);
  });

  test('signed with a private key where the program holds a secret', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await expectRefused(sign(claims(), privateKey, 'RS256'));
  });

  test('expired, by more than the tolerance', () =>
    expectRefused(sign(claims({ exp: seconds(-30) }), world.secret), 'EXPIRED_TOKEN'));

  test.each([
    ['no exp', { exp: undefined }],
    ['exp in a string', { exp: '9999999999' }],
    ['not valid yet', { nbf: Math.floor(Date.now() / 1000) + 3600 }],
    ['another issuer', { iss: 'https://other.test/' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'another-api' }],
    ['no audience', { aud: undefined }],
    ['no subject', { sub: undefined }],
    ['no organization', { org_id: undefined }],
    ['no member', { member_id: undefined }],
    ['an empty organization', { org_id: '' }],
    ['an organization that is no UUID', { org_id: 'acme' }],
    ['a member that is no UUID', { member_id: '7' }],
    ['a member with a path in it', { member_id: '../f2470c7f-60b1-4491-b117-8ba0e3e2a53b' }],
    ['a numeric member', { member_id: 7 }],
    ['an organization that is an object', { org_id: { id: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b' } }],
    ['an organization in an array', { org_id: ['f2470c7f-60b1-4491-b117-8ba0e3e2a53b'] }],
    ['a member in an array', { member_id: ['f2470c7f-60b1-4491-b117-8ba0e3e2a53b'] }],
    ['a UUID with a line end', { member_id: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b\n' }],
  ] as [string, Claims][])('%s', (_, changes) => expectRefused(signLoosely(claims(changes))));

  test.each([
    ['crit', { alg: 'HS256', typ: 'JWT', crit: ['exp'], exp: 1 }],
    ['crit of an unknown extension', { alg: 'HS256', typ: 'JWT', crit: ['urn:x'], 'urn:x': true }],
    ['an empty crit', { alg: 'HS256', crit: [] }],
    ['the typ of something else', { alg: 'HS256', typ: 'secevent+jwt' }],
    ['a typ that is no string', { alg: 'HS256', typ: 7 }],
    ['an unencoded payload', { alg: 'HS256', b64: false, crit: ['b64'] }],
  ] as [string, Claims][])('%s in the header', (_, header) =>
    expectRefused(signByHand(header, claims(), world.secret)),
  );

  test('no answer says why a signature failed', async () => {
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

/** jsonwebtoken refuses to sign some of these claims. */
function signLoosely(payload: Claims): string {
  return signByHand({ alg: 'HS256', typ: 'JWT' }, payload, world.secret);
}
