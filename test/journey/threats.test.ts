import { createHmac, createPublicKey, createSign } from 'node:crypto';
import { exchange } from '../support/http.ts';
import { newKey } from '../support/issuer.ts';
import { expectProblem } from '../support/problem.ts';
import { sign, signByHand, unsigned, type Claims } from '../support/tokens.ts';
import {
  rsa,
  ec,
  untrusted,
  world,
  attacker,
  program,
  claims,
  get,
  expectRefused,
  b64,
  withHeader,
  underAttack,
} from '../support/threat-world.ts';

// Each test title is a row of test/auth/THREATS.md.
underAttack();

test('accepts the three valid tokens that the other tests modify', async () => {
  const contact = world.freshContact();
  for (const token of [rsa.sign(claims()), ec.sign(claims()), sign(claims(), world.secret)]) {
    expect((await exchange(`${program.url}/contacts/${contact}`, { token })).status).toBe(200);
  }
});

test('alg none in every spelling, with and without a signature', async () => {
  for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'n\u006fne', 'none\u0000', '', null]) {
    const token = unsigned({ alg, typ: 'JWT' }, claims());
    await expectRefused(
      token,
      `${token}AAAA`,
      token.slice(0, -1),
      `${token}${rsa.sign(claims()).split('.')[2]}`,
    );
  }
});

test('the public key as an HMAC secret, in every published form', async () => {
  const key = createPublicKey({ key: rsa.jwk, format: 'jwk' });
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  const forms: (string | Buffer)[] = [
    pem,
    pem.trim(),
    pem.replaceAll('\n', ''),
    key.export({ type: 'pkcs1', format: 'pem' }).toString(),
    key.export({ type: 'spki', format: 'der' }),
    key.export({ type: 'pkcs1', format: 'der' }),
    JSON.stringify(rsa.jwk),
    String(rsa.jwk.n),
    Buffer.from(String(rsa.jwk.n), 'base64url'),
    '',
  ];
  for (const form of forms)
    for (const kid of ['rsa', undefined])
      await expectRefused(signByHand({ alg: 'HS256', typ: 'JWT', ...(kid && { kid }) }, claims(), form));
});

test('a key of another type or curve under a known kid', async () => {
  await expectRefused(
    newKey('rsa', 'ES256').sign(claims()),
    newKey('ec', 'RS256').sign(claims()),
    newKey('ec', 'ES384').sign(claims()),
    untrusted.sign(claims()),
    rsa.sign(claims(), { kid: 'ec' }),
    ec.sign(claims(), { kid: 'rsa' }),
  );
});

test('a key embedded in or referenced by the token (jwk, jku, x5c, x5u)', async () => {
  const before = attacker.fetches();
  const own = { jwk: untrusted.jwk, jku: attacker.jwksUri, x5u: attacker.jwksUri, x5c: ['MII='] };
  await expectRefused(
    ...Object.entries(own).map(([name, value]) => untrusted.sign(claims(), { [name]: value })),
    untrusted.sign(claims(), { ...own, kid: 'new' }),
    untrusted.sign(claims({ jku: attacker.jwksUri }), { kid: attacker.jwksUri }),
  );
  expect(attacker.fetches()).toBe(before);
});

test('a kid that is a path, a query, a JavaScript property name or not a string', async () => {
  const names = [
    '../../../../dev/null',
    '/dev/null',
    'file:///etc/passwd',
    "rsa' OR '1'='1",
    'rsa; DROP TABLE keys',
    '$(curl evil.example)',
    '{{7*7}}',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'rsa\u0000',
    'rsa\r\nX-Injected: 1',
    'RSA',
    ' rsa',
    '',
    'k'.repeat(5000),
  ];
  const secrets = ['', '\u0000', 'null', 'undefined'];
  await expectRefused(
    ...names.map((kid) => rsa.sign(claims(), { kid })),
    ...names.flatMap((kid) => secrets.map((secret) => signByHand({ alg: 'HS256', kid }, claims(), secret))),
    ...[7, null, true, ['rsa'], { rsa: 1 }].map((kid) => withHeader({ kid })),
  );
});

test('a critical extension (crit) or an unencoded payload (b64)', async () => {
  const crits = [[], ['exp'], ['b64'], ['urn:x'], 'exp', null, {}, [7]];
  await expectRefused(
    ...crits.map((crit) => withHeader({ crit, exp: 1, 'urn:x': true })),
    withHeader({ b64: false, crit: ['b64'] }),
    withHeader({ b64: true }),
  );
});

test('a token of another type: ID, logout, security event, DPoP, encrypted', async () => {
  const types = [
    'id_token',
    'logout+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'JWE',
    'kb+jwt',
    '',
    7,
    null,
    ['JWT'],
    {},
  ];
  await expectRefused(...types.map((typ) => withHeader({ typ })), `${withHeader({})}.x.y`);
});

test('an ECDSA signature of the wrong length or in DER', async () => {
  const [header, payload] = ec.sign(claims()).split('.');
  const der = createSign('sha256').update(`${header}.${payload}`).sign(ec.privateKey);
  const lengths = [1, 31, 63, 65, 72, 96, 128, 132, 2000];
  await expectRefused(
    ...lengths.map((length) => `${header}.${payload}.${Buffer.alloc(length, 1).toString('base64url')}`),
    `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    `${header}.${payload}.${der.toString('base64url')}`,
    `${header}.${payload}.`,
  );
});

test('an expired or invalid exp', async () => {
  const past = Math.floor(Date.now() / 1000) - 60;
  expectProblem(await get(withHeader({}, { exp: past })), 401, 'EXPIRED_TOKEN');
  expectProblem(await get(withHeader({}, { exp: 0 })), 401, 'EXPIRED_TOKEN');
  expectProblem(await get(withHeader({}, { exp: -1 })), 401, 'EXPIRED_TOKEN');
  const future = past + 3600;
  const spellings = [undefined, null, '', `${future}`, [future], { valueOf: future }, true];
  await expectRefused(...spellings.map((exp) => withHeader({}, { exp })));
  const infinite = b64(JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999'));
  const input = `${b64({ alg: 'HS256' })}.${infinite}`;
  await expectRefused(`${input}.${createHmac('sha256', world.secret).update(input).digest('base64url')}`);
});

test('a future or invalid nbf', async () => {
  const future = Math.floor(Date.now() / 1000) + 3600;
  await expectRefused(...[future, 1e300, `${future}`, [0], {}, '0'].map((nbf) => withHeader({}, { nbf })));
});

const wrap = (value: unknown): unknown[] => [
  [value],
  { value },
  { toString: value },
  7,
  true,
  null,
  '',
  `${String(value)}\u0000`,
];

test('claims of the wrong type, or named like an Object.prototype property', async () => {
  const { org_id: org, member_id: member, sub, iss, aud } = claims();
  const changes: Claims[] = [
    ...wrap(org).map((org_id) => ({ org_id })),
    ...wrap(member).map((member_id) => ({ member_id })),
    ...wrap(sub).map((value) => ({ sub: value })),
    ...[[iss], { iss }, 7, null, `${String(iss)}x`, String(iss).toUpperCase()].map((value) => ({
      iss: value,
    })),
    ...[{ aud }, 7, null, [], [[aud]], `${String(aud)} x`, 'zyntro'].map((value) => ({ aud: value })),
    { org_id: undefined, orgId: org },
    { org_id: undefined, ORG_ID: org },
    { org_id: undefined, constructor: { org_id: org } },
    { jti: { toString: 'x' } },
  ];
  await expectRefused(...changes.map((change) => withHeader({}, change)));
  const inherited = JSON.stringify(claims({ org_id: undefined })).replace(
    '{',
    `{"__proto__":{"org_id":"${String(org)}"},`,
  );
  const input = `${b64({ alg: 'HS256' })}.${b64(inherited)}`;
  await expectRefused(`${input}.${createHmac('sha256', world.secret).update(input).digest('base64url')}`);
});

test('an oversized token, header or claim', async () => {
  await expectRefused(
    withHeader({}, { sub: 'x'.repeat(257) }),
    `${'['.repeat(4000)}.${'['.repeat(2000)}.x`,
    `${b64('['.repeat(2500))}.${b64('{}')}.AAAA`,
    'a.'.repeat(4000),
  );
  for (const token of [
    withHeader({}, { padding: 'x'.repeat(9000) }),
    withHeader({ padding: 'x'.repeat(9000) }),
  ])
    expectProblem(await get(token), 431, 'REQUEST_HEADERS_TOO_LARGE');
  const huge = await get('x'.repeat(40_000));
  expect([huge.status, huge.json().code]).toEqual([431, 'REQUEST_HEADERS_TOO_LARGE']);
  const scopes = Array.from({ length: 1000 }, (_, n) => `s${n}`).join(' ');
  expectProblem(await get(withHeader({}, { scope: scopes })), 403, 'INSUFFICIENT_SCOPE');
});
