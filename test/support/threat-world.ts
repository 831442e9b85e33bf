import { exchange, type TestResponse } from './http.ts';
import { newKey, startIssuer, type Issuer } from './issuer.ts';
import { expectProblem } from './problem.ts';
import { startProgram, type Program } from './start-program.ts';
import { goodClaims, signByHand, type Claims } from './tokens.ts';
import { programEnv, startWorld, type World } from './world.ts';

export const rsa = newKey('rsa', 'RS256');
export const ec = newKey('ec');
export const untrusted = newKey('rsa', 'RS256');
export let world: World;
export let issuer: Issuer;
export let attacker: Issuer;
/** Trusts a secret and a key set, so that algorithm confusion is possible. */
export let program: Program;
export let id: string;
export let claims: (changes?: Claims) => Claims;

/** Starts the program under attack for the tests of a file. */
export function underAttack(): void {
  beforeAll(async () => {
    [world, issuer, attacker] = await Promise.all([
      startWorld(),
      startIssuer(rsa.jwk, ec.jwk),
      startIssuer(untrusted.jwk),
    ]);
    program = await startProgram({
      ...programEnv(world.sandbox, world.secret),
      JWT_JWKS_URI: issuer.jwksUri,
    });
    id = world.freshContact();
    const [org] = world.directory.orgs;
    claims = (changes) => goodClaims(org!.id, org!.members[0]!, changes);
  });
  afterAll(async () => {
    await program?.stop();
    await world?.stop();
    await Promise.all([issuer, attacker].map((one) => one?.stop()));
  });
}

export const get = (token: string, headers: Record<string, string> = {}): Promise<TestResponse> =>
  exchange(`${program.url}/contacts/${id}`, { token, headers });
export async function expectRefused(...tokens: readonly string[]): Promise<void> {
  for (const token of tokens) expectProblem(await get(token), 401, 'INVALID_TOKEN');
  expect(await world.sandbox.callsFor(id)).toEqual([]);
}
export const b64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/** Returns a token with a valid signature, so that only the header or the claims are invalid. */
export const withHeader = (header: Claims, changes: Claims = {}): string =>
  signByHand({ alg: 'HS256', typ: 'JWT', ...header }, claims(changes), world.secret);
