import { generateKeyPairSync } from 'node:crypto';
import { exchange, type TestResponse } from '../support/http.ts';
import { newKey, signer, startIssuer, type Issuer } from '../support/issuer.ts';
import { expectProblem } from '../support/problem.ts';
import { startProgram, type Program } from '../support/start-program.ts';
import { goodClaims, ISSUER, newSecret, signByHand, type Claims } from '../support/tokens.ts';
import { HANG_MS, waitFor } from '../support/wait-for.ts';
import { programEnv, startWorld, type World } from '../support/world.ts';

/** Slow enough for polls of a few seconds to stay below the limit of failed authentication. */
const POLL_MS = 100;
/** The time between two fetches for unknown keys. */
const SPACING_MS = 5000;
const COMPONENT = `jwks of ${ISSUER}`;
const unpublished = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const [old, next, rsa] = [newKey('old'), newKey('new'), newKey('rsa', 'RS256')];
let world: World;
let issuer: Issuer;
let program: Program;
let claims: (changes?: Claims) => Claims;
let path: string;

beforeAll(async () => {
  [world, issuer] = await Promise.all([startWorld(), startIssuer(old.jwk, rsa.jwk)]);
  const [org] = world.directory.orgs;
  claims = (changes) => goodClaims(org!.id, org!.members[0]!, changes);
  path = `/contacts/${world.freshContact()}`;
});
afterAll(async () => {
  await world?.stop();
  await issuer?.stop();
});
beforeEach(async () => {
  issuer.publish(old.jwk, rsa.jwk);
  program = await startProgram(environment());
});
afterEach(() => program?.stop());

function environment(): Record<string, string> {
  const { JWT_SECRET: _, ...env } = programEnv(world.sandbox, newSecret());
  return { ...env, JWT_JWKS_URI: issuer.jwksUri };
}
const get = (token: string): Promise<TestResponse> => exchange(`${program.url}${path}`, { token });
const statusOf = async (token: string): Promise<number> => (await get(token)).status;
const reasons = async (): Promise<string> => (await exchange(`${program.adminUrl}/readyz`)).text;
const linesAbout = (component: string) =>
  program
    .stdout()
    .split('\n')
    .filter((line) => line.includes(`"component":"${component}"`));

test('a published key verifies only tokens with its own algorithm', async () => {
  expect(await statusOf(old.sign(claims()))).toBe(200);
  expect(await statusOf(rsa.sign(claims()))).toBe(200);
  const header = { alg: 'HS256', typ: 'JWT', kid: 'rsa' };
  const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' });
  for (const secret of [JSON.stringify(rsa.jwk), String(rsa.jwk.n), String(pem)]) {
    expectProblem(await get(signByHand(header, claims(), secret)), 401, 'INVALID_TOKEN');
  }
  expectProblem(await get(newKey('old').sign(claims())), 401, 'INVALID_TOKEN');
});

test('a key replaced under the same kid, or without a kid, verifies tokens within 30 s', async () => {
  for (const kid of ['old', undefined]) {
    const [before, after] = [newKey(kid), newKey(kid)];
    issuer.publish(before.jwk);
    await waitFor(
      'the first key',
      async () => (await statusOf(before.sign(claims()))) === 200,
      30_000,
      POLL_MS,
    );
    issuer.publish(after.jwk);
    await waitFor(
      'its replacement',
      async () => (await statusOf(after.sign(claims()))) === 200,
      30_000,
      POLL_MS,
    );
    expectProblem(await get(before.sign(claims())), 401, 'INVALID_TOKEN');
  }
});

test('200 concurrent tokens with a wrong signature cause at most two key-set fetches', async () => {
  expect(await statusOf(old.sign(claims()))).toBe(200);
  const before = issuer.fetches();
  const begun = performance.now();
  const forged = Array.from({ length: 200 }, () => unpublishedKeyToken('old'));
  expect(new Set(await Promise.all(forged.map(statusOf)))).toEqual(new Set([401]));
  const most = 2 + Math.floor((performance.now() - begun) / SPACING_MS);
  expect(issuer.fetches() - before).toBeLessThanOrEqual(most);
});

test('200 concurrent unknown kids cause at most two key-set fetches, and a rotated key is found', async () => {
  expect(await statusOf(old.sign(claims()))).toBe(200);
  const before = issuer.fetches();
  const begun = performance.now();
  const bad = Array.from({ length: 200 }, (_, n) => unpublishedKeyToken(`bad-${n}`));
  const statuses = await Promise.all(bad.map(statusOf));
  expect(new Set(statuses)).toEqual(new Set([401]));
  const most = 2 + Math.floor((performance.now() - begun) / SPACING_MS);
  expect(issuer.fetches() - before).toBeLessThanOrEqual(most);

  issuer.publish(next.jwk, rsa.jwk);
  let floods = 0;
  const flood = setInterval(() => {
    // Together with the tokens above, they have to stay below the limit of failed authentication.
    if (floods === 100) return;
    floods += 1;
    void statusOf(unpublishedKeyToken(`more-${floods}`)).catch(() => 0);
  }, POLL_MS);
  try {
    await waitFor('the new key', async () => (await statusOf(next.sign(claims()))) === 200, HANG_MS, POLL_MS);
  } finally {
    clearInterval(flood);
  }
  expect(floods).toBeGreaterThan(0);
  expectProblem(await get(old.sign(claims())), 401, 'INVALID_TOKEN');
});

test('a verified token is refused after its key leaves the key set', async () => {
  const token = old.sign(claims());
  expect(await statusOf(token)).toBe(200);
  issuer.publish(next.jwk);
  expect(await statusOf(token)).toBe(200);
  await waitFor('the new key', async () => (await statusOf(next.sign(claims()))) === 200, HANG_MS, POLL_MS);
  expectProblem(await get(token), 401, 'INVALID_TOKEN');
});

test('known keys verify tokens while the issuer is down, and readiness reports it', async () => {
  expect(await statusOf(old.sign(claims()))).toBe(200);
  expect(await reasons()).not.toContain('jwks');
  await issuer.stop();
  try {
    expectProblem(await get(unpublishedKeyToken('unknown')), 503, 'UPSTREAM_UNAVAILABLE');
    expect(await reasons()).toContain(`"component":"${COMPONENT}","detail":"ECONNREFUSED`);
    expect(await statusOf(old.sign(claims()))).toBe(200);
    expect((await exchange(`${program.url}/readyz`)).json()).toEqual({ status: 'degraded' });
  } finally {
    await issuer.start();
  }
  await waitFor('recovery', async () => !(await reasons()).includes('jwks'));
  await waitFor('its log line', () => linesAbout(COMPONENT).length > 1);
  expect(linesAbout(COMPONENT)).toHaveLength(2);
});

test('returns 503 when started while the issuer is down, and recovers', async () => {
  await program.stop();
  await issuer.stop();
  try {
    program = await startProgram(environment());
    const answer = await get(old.sign(claims()));
    expectProblem(answer, 503, 'UPSTREAM_UNAVAILABLE');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expectProblem(await get('no.token.at-all'), 401, 'INVALID_TOKEN');
    expect((await exchange(`${program.url}/readyz`)).status).toBe(200);
    expect(await reasons()).toContain('no key is known');
  } finally {
    await issuer.start();
  }
  await waitFor('recovery', async () => !(await reasons()).includes('jwks'));
  expect(await statusOf(old.sign(claims()))).toBe(200);
});

test('an issuer that hangs does not delay tokens with a known key', async () => {
  expect(await statusOf(old.sign(claims()))).toBe(200);
  issuer.answerWith(() => {});
  try {
    const waiting = Array.from({ length: 20 }, (_, n) => get(unpublishedKeyToken(`hang-${n}`)));
    await waitFor('the fetch', () => issuer.fetches() >= 2);
    const known = await get(old.sign(claims()));
    expect(known.status).toBe(200);
    for (const answer of await Promise.all(waiting)) expectProblem(answer, 503, 'UPSTREAM_UNAVAILABLE');
    expect(known.ms).toBeLessThan(3000);
  } finally {
    issuer.answerWith(undefined);
  }
});

test('a key-set fetch that hangs does not delay shutdown', async () => {
  issuer.answerWith(() => {});
  try {
    void get(unpublishedKeyToken('x')).catch(() => 0);
    const { code } = await program.stop();
    expect(code).toBe(0);
  } finally {
    issuer.answerWith(undefined);
  }
});

/** Returns a well-formed token signed with a key that was never published. */
function unpublishedKeyToken(kid: string): string {
  return signer(unpublished, 'ES256', kid)(claims());
}
