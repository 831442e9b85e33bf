import type { TokenKey } from '../../src/auth/key-set.ts';
import { readHeader } from '../../src/auth/read-token.ts';
import { verifySignature } from '../../src/auth/verify-signature.ts';
import { cookbookGroups, vectorKey, wycheproofGroups, type VectorGroup } from '../support/vectors.ts';

/** Valid vectors that are rejected deliberately, by name, with the reason. */
const REJECTED: readonly (readonly [names: RegExp, reason: string])[] = [
  [/ emptyPayload$/, 'an empty payload holds no claims, so it is not a JWT'],
  [/ (346|350) Figure20$/, 'the key says PS256 and the token PS384: a key verifies its own alg alone'],
  [/ (347|351) Figure27$/, 'the key says ES521, which is not a registered algorithm'],
  [/ 37[23] InvalidCharacterInserted/, 'RFC 7515 section 2 has no characters to skip in base64url'],
  [/(key_test [23]|crypto_test 48) acceptsValid$/, 'a symmetric key in a published set is public'],
  [/key_test \d+ long_key$/, 'a symmetric key in a published set is public'],
  [/cookbook 4_5/, 'detached content: a token without claims'],
  [/cookbook 4_[678]/, 'JSON serialization, which no Authorization header carries'],
  [/cookbook 4\.2/, 'b64 and crit (RFC 7797): an extension that is not understood'],
];

/** Invalid vectors that are accepted deliberately, by name, with the reason. */
const ACCEPTED: readonly (readonly [names: RegExp, reason: string])[] = [
  [/ (367|370) invalidBase64Padding/, 'the file’s text holds no padding: it is the valid token of the group'],
];

const listed = (name: string, list: typeof REJECTED) => list.some(([names]) => names.test(name));
const groups: readonly VectorGroup[] = [...wycheproofGroups(), ...cookbookGroups()];
const tests = groups.flatMap((group) => group.tests.map((vector) => ({ ...vector, group })));

/** Returns whether a token is accepted. The algorithms are pinned to those of the key. */
function isAccepted(jws: unknown, group: VectorGroup): boolean {
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

test('loads all vectors', () => {
  expect({ groups: groups.length, tests: tests.length }).toEqual({ groups: 65, tests: 485 });
});

test.each(groups.map((group) => [group.name, group] as const))('%s', (_name, group) => {
  const surprises = group.tests.filter(({ name, jws, valid }) => {
    const expected = valid ? !listed(name, REJECTED) : listed(name, ACCEPTED);
    return isAccepted(jws, group) !== expected;
  });
  expect(surprises.map(({ name, valid }) => `${name}, which is ${valid ? 'valid' : 'invalid'}`)).toEqual([]);
});

test('every listed exception applies to a vector', () => {
  const needed = ([names]: (typeof REJECTED)[number], valid: boolean) =>
    tests.some((vector) => names.test(vector.name) && vector.valid === valid);
  expect(REJECTED.filter((entry) => !needed(entry, true))).toEqual([]);
  expect(ACCEPTED.filter((entry) => !needed(entry, false))).toEqual([]);
});

test('accepts at least 40 vectors', () => {
  const accepted = tests.filter(({ jws, group }) => isAccepted(jws, group));
  expect(accepted.length).toBeGreaterThanOrEqual(40);
});
