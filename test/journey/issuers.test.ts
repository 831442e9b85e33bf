import { exchange, type TestResponse } from '../support/http.ts';
import { newKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { expectProblem } from '../support/problem.ts';
import { startProgram, type Program } from '../support/start-program.ts';
import { AUDIENCE, goodClaims, newSecret, sign, type Claims } from '../support/tokens.ts';
import { programEnv, startWorld, type World } from '../support/world.ts';

const USERS = 'https://users.test/';
const JOBS = 'jobs';
const users = newKey('key', 'RS256');
const partners = newKey('key', 'RS256');
const partnersOwn = newKey('own', 'RS256');
const jobsSecret = newSecret();
let world: World;
let issuers: Issuer[];
let program: Program;
let org: string;
let member: string;

beforeAll(async () => {
  [world, ...issuers] = await Promise.all([
    startWorld(),
    startIssuer(users.jwk),
    startIssuer(partners.jwk, partnersOwn.jwk),
  ]);
  const [first] = world.directory.orgs;
  [org, member] = [first!.id, first!.members[0]!];
  program = await startProgram({
    ...programEnv(world.sandbox, world.secret),
    JWT_ISSUERS: JSON.stringify({
      [USERS]: { jwksUri: issuers[0]!.jwksUri, audience: 'users-api', algorithms: ['RS256'] },
      partners: { jwksUri: issuers[1]!.jwksUri, claims: { scope: 'may' } },
      [JOBS]: { secret: jobsSecret, tier: 'internal', claims: { org: 'tenant', member: 'acts_for' } },
    }),
  });
});
afterAll(async () => {
  await program?.stop();
  await Promise.all((issuers ?? []).map((issuer) => issuer.stop()));
  await world?.stop();
});

const get = (token: string): Promise<TestResponse> =>
  exchange(`${program.url}/contacts/${world.directory.reference.contact}`, { token });
const statusOf = async (token: string) => (await get(token)).status;
const claims = (iss: string, changes: Claims = {}) => goodClaims(org, member, { iss, ...changes });
const jobClaims = (changes: Claims = {}) =>
  claims(JOBS, { org_id: undefined, member_id: undefined, tenant: org, acts_for: member, ...changes });

test('accepts the tokens of every issuer, with the claim names of that issuer', async () => {
  expect(await statusOf(users.sign(claims(USERS, { aud: 'users-api' })))).toBe(200);
  expect(await statusOf(partners.sign(claims('partners', { scope: undefined, may: 'contacts:read' })))).toBe(
    200,
  );
  expect(await statusOf(sign(jobClaims(), jobsSecret))).toBe(200);
  expect(await statusOf(world.token())).toBe(200);
});

test.each<[string, () => string]>([
  ['a key of another issuer with the same kid', () => partners.sign(claims(USERS, { aud: 'users-api' }))],
  [
    'a key of another issuer with an unknown kid',
    () => partnersOwn.sign(claims(USERS, { aud: 'users-api' })),
  ],
  ['the secret of the single issuer for a listed issuer', () => sign(jobClaims(), world.secret)],
  ['the secret of a listed issuer for the single issuer', () => sign(goodClaims(org, member), jobsSecret)],
  ['a secret for an issuer with a key set', () => sign(claims(USERS, { aud: 'users-api' }), jobsSecret)],
  ['the audience of another issuer', () => users.sign(claims(USERS, { aud: AUDIENCE }))],
  ['the claim names of another issuer', () => sign(claims(JOBS), jobsSecret)],
  ['an issuer that is not listed', () => users.sign(claims('https://other.test/', { aud: 'users-api' }))],
  ['a missing issuer', () => users.sign(claims(USERS, { iss: undefined, aud: 'users-api' }))],
  [
    'several issuers',
    () => users.sign(claims(USERS, { iss: [USERS, 'partners'] as never, aud: 'users-api' })),
  ],
  ['the issuer __proto__', () => users.sign(claims('__proto__', { aud: 'users-api' }))],
  [
    'an algorithm that the issuer does not allow',
    () => newKey('key', 'PS256').sign(claims(USERS, { aud: 'users-api' })),
  ],
])('%s is refused', async (_name, token) => {
  expectProblem(await get(token()), 401, 'INVALID_TOKEN');
});

test('ignores the scope claim of another issuer', async () => {
  expectProblem(await get(partners.sign(claims('partners'))), 403, 'INSUFFICIENT_SCOPE');
});

test('readiness names the issuer whose key set is unavailable', async () => {
  await issuers[1]!.stop();
  try {
    await statusOf(newKey('unknown', 'RS256').sign(claims('partners')));
    const { reasons } = (await exchange(`${program.adminUrl}/readyz`)).json();
    expect(reasons).toEqual([expect.objectContaining({ component: 'jwks of partners' })]);
    expect(await statusOf(users.sign(claims(USERS, { aud: 'users-api' })))).toBe(200);
  } finally {
    await issuers[1]!.start();
  }
});
