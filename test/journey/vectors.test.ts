import { createPrivateKey } from 'node:crypto';
import type { Algorithm } from 'jsonwebtoken';
import { exchange } from '../support/http.ts';
import { signer, startIssuer } from '../support/issuer.ts';
import { startProgram } from '../support/start-program.ts';
import { goodClaims, newSecret, signByHand } from '../support/tokens.ts';
import { cookbookGroups, wycheproofGroups, type Jwk, type VectorGroup } from '../support/vectors.ts';
import { programEnv, startWorld, type World } from '../support/world.ts';

/** Keys that the program refuses even with a valid signature: a pattern of the group name, and the reason. */
const REFUSED_KEYS: readonly (readonly [names: RegExp, reason: string])[] = [
  [/rfc7520.* \(EC ES521\)/, 'ES521 is not a registered algorithm'],
  [/\(oct /, 'symmetric keys of a key set are ignored'],
  [/rsa_encryption|ec_key_for_encryption|invalid_use|jwe_ec|RSA1_5/, 'not a signature key'],
  [/jws_rsa_roca_key/, 'a key that can be factored'],
  [/keysize_too_small|exponentOne/, 'a weak key'],
  [/wrong_algorithm|invalid_algorithm|invalid_point|wrong_curve|wrong_kty/, 'an invalid key'],
];

const groups = [...wycheproofGroups(), ...cookbookGroups()];
const batches = packByKid(groups);
let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

test.each(batches.map((batch, index) => [index + 1, batch] as const))(
  'with key set %d, every vector returns 401, and a valid token of each usable key returns 200',
  async (_number, batch) => {
    const issuer = await startIssuer(...batch.flatMap(({ publicKeys }) => publicKeys));
    const { JWT_SECRET: _s, JWT_ISSUER: _i, ...env } = programEnv(world.sandbox, newSecret());
    // Without JWT_ISSUER the vectors are refused for their signature, not for their issuer.
    const program = await startProgram({ ...env, NODE_ENV: 'development', JWT_JWKS_URI: issuer.jwksUri });
    const path = `/contacts/${world.directory.reference.contact}`;
    const statusOf = async (authorization: string): Promise<number> =>
      (await exchange(`${program.url}${path}`, { headers: { authorization } })).status;
    try {
      const wrong: string[] = [];
      for (const { name, jws } of batch.flatMap(({ tests }) => tests)) {
        const text = typeof jws === 'string' ? jws : JSON.stringify(jws);
        const status = await statusOf(`Bearer ${text.replace(/[^\x20-\x7E]/g, '?')}`);
        if (status !== 401) wrong.push(`${name}: ${status}`);
      }
      for (const [name, token] of controls(batch)) {
        const status = await statusOf(`Bearer ${token}`);
        const expected = REFUSED_KEYS.some(([names]) => names.test(name)) ? 401 : 200;
        if (status !== expected) wrong.push(`the control of ${name}: ${status}`);
      }
      expect(wrong).toEqual([]);
    } finally {
      await program.stop();
      await issuer.stop();
    }
  },
);

test('there is a control token for each private key, and 21 of 67 keys are accepted', () => {
  const names = controls(groups).map(([name]) => name);
  const taken = names.filter((name) => !REFUSED_KEYS.some(([refused]) => refused.test(name)));
  expect(names).toHaveLength(67);
  expect(taken).toHaveLength(21);
});

/** Returns a token with valid claims for each private key, with the kid of the vectors. */
function controls(some: readonly VectorGroup[]): [name: string, token: string][] {
  const { org, member } = world?.directory.reference ?? { org: '', member: '' };
  return some.flatMap((group) =>
    group.privateKeys.flatMap((jwk): [string, string][] => {
      const name = `${group.name} (${jwk.kty} ${jwk.alg ?? jwk.use}) ${jwk.kid}`;
      const claims = goodClaims(org, member);
      if (jwk.kty === 'oct') {
        const secret = Buffer.from(jwk.k ?? '', 'base64url');
        return [[name, signByHand({ alg: 'HS256', ...(jwk.kid && { kid: jwk.kid }) }, claims, secret)]];
      }
      const key = jwk.d === undefined ? undefined : privateKeyOf(jwk);
      return key ? [[name, signer(key, algorithmFor(jwk), jwk.kid)(claims)]] : [];
    }),
  );
}

function privateKeyOf(jwk: Jwk) {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

const BY_CURVE: Readonly<Record<string, Algorithm>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
};

function algorithmFor(jwk: Jwk): Algorithm {
  if (jwk.kty === 'EC') return BY_CURVE[jwk.crv ?? ''] ?? 'ES256';
  return /^[RP]S\d{3}$/.test(jwk.alg ?? '') ? (jwk.alg as Algorithm) : 'RS256';
}

/** Packs the groups into few key sets so that no two groups of a key set share a kid. */
function packByKid(all: readonly VectorGroup[]): VectorGroup[][] {
  const packed: { kids: Set<unknown>; groups: VectorGroup[] }[] = [];
  for (const group of all) {
    const kids = group.publicKeys.map(({ kid }) => kid);
    let batch = packed.find((one) => kids.every((kid) => !one.kids.has(kid)));
    if (!batch) packed.push((batch = { kids: new Set(), groups: [] }));
    batch.groups.push(group);
    for (const kid of kids) batch.kids.add(kid);
  }
  return packed.map(({ groups }) => groups);
}
