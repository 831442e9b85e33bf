import { createHmac } from 'node:crypto';
import {
  CLAIMS,
  EXP,
  NOW,
  SECRET,
  codeOf,
  encode,
  hmacKey,
  token,
  verifierOf,
} from '../support/token-verifier.ts';

test('with a maximum lifetime, rejects tokens that live longer or have no iat', async () => {
  const short = verifierOf([hmacKey], {}, { maxLifetimeS: 3600 });
  const iat = NOW / 1000 - 1000;
  expect(await codeOf(token({ iat, exp: iat + 3600 }), short)).toBe('accepted');
  expect(await codeOf(token({ iat, exp: iat + 3601 }), short)).toBe('INVALID_TOKEN');
  expect(await codeOf(token({ exp: EXP }), short)).toBe('INVALID_TOKEN');
  expect(await codeOf(token({ exp: EXP + 1e9 }))).toBe('accepted');
});

test('compares the lifetime in whole seconds, because some issuers truncate iat alone', async () => {
  const short = verifierOf([hmacKey], {}, { maxLifetimeS: 3600 });
  const iat = NOW / 1000 - 1000;
  expect(await codeOf(token({ iat, exp: iat + 3600.9 }), short)).toBe('accepted');
  expect(await codeOf(token({ iat: iat + 0.9, exp: iat + 3601 }), short)).toBe('INVALID_TOKEN');
});

test('an iat in the future cannot evade the maximum lifetime', async () => {
  const short = verifierOf([hmacKey], {}, { maxLifetimeS: 3600 });
  const nowS = NOW / 1000;
  for (const ahead of [6, 3600, 31_536_000])
    expect(await codeOf(token({ iat: nowS + ahead, exp: nowS + ahead + 60 }), short)).toBe('INVALID_TOKEN');
  expect(await codeOf(token({ iat: nowS + 5, exp: nowS + 3605 }), short)).toBe('accepted');
});

/** Creates a token with a claim of literal JSON, because JSON allows spellings that JavaScript never writes. */
function spelled(claim: string, json: string): string {
  const marked = JSON.stringify({ ...CLAIMS, [claim]: 'HERE' }).replace('"HERE"', json);
  const input = `${encode({ alg: 'HS256' })}.${Buffer.from(marked).toString('base64url')}`;
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
}
const NOW_S = NOW / 1000;
const IMPLAUSIBLE = [
  '1e400',
  '-1e400',
  '-1',
  '1e300',
  String(NOW),
  'null',
  'true',
  '""',
  `"${NOW_S}"`,
  '[1]',
  '{}',
];

test.each(['iat', 'nbf', 'exp'])('rejects an implausible time in %s', async (claim) => {
  for (const json of IMPLAUSIBLE)
    expect([json, await codeOf(spelled(claim, json))]).toEqual([
      json,
      claim === 'exp' && json.startsWith('-') ? 'EXPIRED_TOKEN' : 'INVALID_TOKEN',
    ]);
});

test.each([
  ['iat', [`${NOW_S / 1e9}E9`, `${NOW_S}.75`, `${NOW_S + 5}`, `${NOW_S + 4.999}`, '0']],
  ['nbf', [`${NOW_S / 1e9}e9`, `${NOW_S - 1}.75`, `${NOW_S + 5}`, '0']],
  ['exp', [`${(NOW_S + 600) / 1e9}E9`, `${NOW_S - 4.9}`, '9999999999', '253402300799']],
])('accepts fractions, exponents and times within the tolerance in %s', async (claim, all) => {
  for (const json of all) expect([json, await codeOf(spelled(claim, json))]).toEqual([json, 'accepted']);
});

test.each([
  ['iat', NOW_S + 5.1, 'INVALID_TOKEN'],
  ['nbf', NOW_S + 5.1, 'INVALID_TOKEN'],
  ['exp', NOW_S - 5.1, 'EXPIRED_TOKEN'],
  ['exp', NOW_S - 5, 'EXPIRED_TOKEN'],
])('rejects a time outside the tolerance by a fraction of a second in %s', async (claim, time, code) => {
  expect(await codeOf(token({ [claim]: time }))).toBe(code);
});
