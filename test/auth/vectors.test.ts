import type { TokenKey } from '../../src/auth/key-set.ts';
import { readHeader } from '../../src/auth/read-token.ts';
import { verifySignature } from '../../src/auth/verify-signature.ts';
import { cookbookGroups, vectorKey, wycheproofGroups, type VectorGroup } from '../support/vectors.ts';

/** Vectors that are valid and refused all the same, by their names, with the reason. */
const REFUSED: readonly (readonly [names: RegExp, reason: string])[] = [
  [/ emptyPayload$/, 'an empty payload holds no claims, so it is no JWT'],
  [/ (346|350) Figure20$/, 'the key says PS256 and the token PS384: a key verifies its own alg alone'],
  [/ (347|351) Figure27$/, 'the key says ES521, which is no registered algorithm'],
  [/ 37[23] InvalidCharacterInserted/, 'RFC 7515 section 2 has no characters to skip in base64url'],
  [/(key_test [23]|crypto_test 48) acceptsValid$/, 'a symmetric key in a published set is everybody’s'],
  [/key_test \d+ long_key$/, 'a symmetric key in a published set is everybody’s'],
  [/cookbook 4_5/, 'detached content: a token without claims'],
  [/cookbook 4_[678]/, 'JSON serialization, which no Authorization header carries'],
  [/cookbook 4\.2/, 'b64 and crit (RFC 7797): an extension that is not understood'],
];

/** Vectors that are called invalid and taken all the same, with the reason. */
const TAKEN: readonly (readonly [names: RegExp, reason: string])[] = [
  [/ (367|370) invalidBase64Padding/, 'the file’s text holds no padding: it is the valid token of the group'],
];

const listed = (name: string, list: typeof REFUSED) => list.some(([names]) => names.test(name));
const groups: readonly VectorGroup[] = [...wycheproofGroups(), ...cookbookGroups()];
const tests = groups.flatMap((group) => group.tests.map((vector) => ({ ...vector, group })));

/** The algorithm is pinned: it is the one that the key is bound to. */
function isTaken(jws: unknown, group: VectorGroup): boolean {
  const header = typeof jws === 'string' ? readHeader(jws) : undefined;
  if (!header) return false;
  const keys = group.publicKeys
    .map((jwk) => vectorKey(jwk, group))
    .filter((key): key is TokenKey => key !== undefined && (!header.kid || key.kid === header.kid));
  if (keys.length !== 1) return false;
  try {
    verifySignature(jws as string, keys[0]!, header.algorithm, {});
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: 'AppError', code: 'INVALID_TOKEN' });
    return false;
  }
}

test('all vectors are there', () => {
  expect({ groups: groups.length, tests: tests.length }).toEqual({ groups: 65, tests: 485 });
});

test.each(groups.map((group) => [group.name, group] as const))('%s', (_name, group) => {
  const surprises = group.tests.filter(({ name, jws, valid }) => {
    const expected = valid ? !listed(name, REFUSED) : listed(name, TAKEN);
    return isTaken(jws, group) !== expected;
  });
  expect(surprises.map(({ name, valid }) => `${name}, which is ${valid ? 'valid' : 'invalid'}`)).toEqual([]);
});

test('every reason that is listed has a vector that needs it', () => {
  const needed = ([names]: (typeof REFUSED)[number], valid: boolean) =>
    tests.some((vector) => names.test(vector.name) && vector.valid === valid);
  expect(REFUSED.filter((entry) => !needed(entry, true))).toEqual([]);
  expect(TAKEN.filter((entry) => !needed(entry, false))).toEqual([]);
});

test('most that is valid is taken', () => {
  const taken = tests.filter(({ jws, group }) => isTaken(jws, group));
  expect(taken.length).toBeGreaterThanOrEqual(40);
});
