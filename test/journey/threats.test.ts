import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createHmac, createPublicKey, createSign, randomUUID } from 'node:crypto';
import { PROJECT_ROOT, parsedLines } from '../support/child.ts';
import { exchange, rawExchange, type Answer } from '../support/http.ts';
import { newKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { expectProblem } from '../support/problem.ts';
import { startProgram, type Program } from '../support/start-program.ts';
import { goodClaims, newSecret, sign, signByHand, unsigned, type Claims } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';
import { programEnv, startWorld, type World } from '../support/world.ts';

// Each test title is a row of test/auth/THREATS.md.

const rsa = newKey('rsa', 'RS256');
const ec = newKey('ec');
const untrusted = newKey('rsa', 'RS256');
let world: World;
let issuer: Issuer;
let attacker: Issuer;
/** Trusts a secret and a key set, so that algorithm confusion is possible. */
let program: Program;
let id: string;
let claims: (changes?: Claims) => Claims;

beforeAll(async () => {
  [world, issuer, attacker] = await Promise.all([
    startWorld(),
    startIssuer(rsa.jwk, ec.jwk),
    startIssuer(untrusted.jwk),
  ]);
  program = await startProgram({ ...programEnv(world.sandbox, world.secret), JWT_JWKS_URI: issuer.jwksUri });
  id = world.freshContact();
  const [org] = world.directory.orgs;
  claims = (changes) => goodClaims(org!.id, org!.members[0]!, changes);
});
afterAll(async () => {
  await program?.stop();
  await world?.stop();
  await Promise.all([issuer, attacker].map((one) => one?.stop()));
});

const get = (token: string, headers: Record<string, string> = {}): Promise<Answer> =>
  exchange(`${program.url}/contacts/${id}`, { token, headers });
async function expectRefused(...tokens: readonly string[]): Promise<void> {
  for (const token of tokens) expectProblem(await get(token), 401, 'INVALID_TOKEN');
  expect(await world.sandbox.callsFor(id)).toEqual([]);
}
const b64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/** Returns a token with a valid signature, so that only the header or the claims are invalid. */
const withHeader = (header: Claims, changes: Claims = {}): string =>
  signByHand({ alg: 'HS256', typ: 'JWT', ...header }, claims(changes), world.secret);

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

test('a repeated Authorization header or conflicting body lengths', async () => {
  const [good, other] = [sign(claims(), world.secret), sign(claims(), newSecret())];
  const send = (...lines: string[]) =>
    rawExchange(
      program.port,
      [`GET /contacts/${id} HTTP/1.1`, 'Host: x', ...lines, 'Connection: close', '', ''].join('\r\n'),
    );
  for (const pair of [
    [good, other],
    [other, good],
    [good, good],
  ]) {
    expect(await send(...pair.map((token) => `Authorization: Bearer ${token}`))).toMatch(/^HTTP\/1\.1 401 /);
  }
  expect(await send(`Authorization: Bearer ${good}, Bearer ${other}`)).toMatch(/^HTTP\/1\.1 401 /);
  expect(await send('Content-Length: 0', 'Content-Length: 5')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await send('Content-Length: 5', 'Transfer-Encoding: chunked')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await world.sandbox.callsFor(id)).toEqual([]);
});

test('a Host that is missing, repeated, a list or not only host and port', async () => {
  const token = sign(claims(), world.secret);
  const send = (...lines: string[]) =>
    rawExchange(
      program.port,
      [
        `GET /contacts/${id} HTTP/1.1`,
        ...lines,
        `Authorization: Bearer ${token}`,
        'Connection: close',
        '',
        '',
      ].join('\r\n'),
    );
  for (const hosts of [
    [],
    ['a', 'b'],
    ['a', 'a'],
    ['a,b'],
    [''],
    ['user@a'],
    ['a/path'],
    ['a?x'],
    ['a b'],
    ['a:port'],
    ['http://a'],
  ]) {
    const answer = await send(...hosts.map((host) => `Host: ${host}`));
    expect({ hosts, status: answer.slice(0, 13) }).toEqual({ hosts, status: 'HTTP/1.1 400 ' });
  }
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' };
  const evil = await exchange(`${program.url}/contacts/${world.freshContact()}`, { token, headers });
  expect(evil.status).toBe(200);
  expect(JSON.stringify(evil.headers) + evil.text).not.toContain('evil.example');
});

test('CR and LF that would split a response header', async () => {
  const split = '\r\nX-Injected: 1';
  const encoded = encodeURIComponent(split);
  const contact = world.freshContact();
  await world.sandbox.patchContact(contact, { contact_name: `Jane${split}`, tags: [split] });
  const token = sign(claims({ scope: `contacts:read${split}` }), world.secret);
  const answers = [
    await exchange(`${program.url}/contacts/${contact}`, { token: sign(claims(), world.secret) }),
    await get(token),
    await get(sign(claims({ sub: `user${split}` }), world.secret)),
    await exchange(`${program.url}/contacts/${contact}`, {
      token: sign(claims({ rate_tier: `internal${split}` }), world.secret),
    }),
    await get(rsa.sign(claims(), { kid: `rsa${split}` })),
    await get('x', { 'x-request-id': encoded }),
    await exchange(`${program.url}/contacts/${encoded}?include=${encoded}&fields[contact]=${encoded}`, {
      token,
    }),
    await exchange(`${program.url}/${encoded}`),
  ];
  for (const answer of answers) expect(answer.headers['x-injected']).toBeUndefined();
  const raw = await rawExchange(
    program.port,
    `GET /contacts/${id}${split} HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\nX-Injected: 1\r\nConnection: close\r\n\r\n`,
  );
  expect(raw).not.toMatch(/^x-injected/im);
});

test('an identity or contact id that contains a cache-key separator', async () => {
  const { org_id: org, member_id: member } = claims() as Record<string, string>;
  const contact = world.freshContact();
  const reach = [
    `${org}|${contact}`,
    `${org}}:${member}`,
    `${org}:gen`,
    `{${org}`,
    `${org}*`,
    `${org}\n`,
    ` ${org}`,
  ];
  await expectRefused(
    ...reach.map((org_id) => withHeader({}, { org_id })),
    ...[`${member}:contact`, `${member}:notes:lease`, `*`, `${member} `].map((member_id) =>
      withHeader({}, { member_id }),
    ),
  );
  const token = sign(claims(), world.secret);
  for (const key of [`${contact}}:${member}:notes`, `${contact}|x`, `${contact}:gen`, `${contact}%00`, '*']) {
    const answer = await exchange(`${program.url}/contacts/${encodeURIComponent(key)}`, { token });
    expectProblem(answer, 400, 'INVALID_CONTACT_ID');
  }
  const batch = await exchange(`${program.url}/contacts?ids=${contact}|${org}`, { token });
  expectProblem(batch, 400, 'INVALID_IDS');
  expect(await world.sandbox.callsFor(contact)).toEqual([]);
});

test('failure reasons that the response or its timing could reveal', async () => {
  const revoked = randomUUID();
  await exchange(`${program.adminUrl}/revocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jti: revoked }),
  });
  const tokens = {
    'another key': untrusted.sign(claims()),
    'an unknown key': untrusted.sign(claims(), { kid: 'unknown' }),
    'another secret': sign(claims(), newSecret()),
    'another algorithm': signByHand({ alg: 'RS256', kid: 'rsa' }, claims(), 'x'),
    'no algorithm': unsigned({ alg: 'none' }, claims()),
    'another audience': sign(claims({ aud: 'other' }), world.secret),
    'an unknown issuer': sign(claims({ iss: 'https://other.test/' }), world.secret),
    revoked: sign(claims({ jti: revoked }), world.secret),
    'no member': sign(claims({ member_id: undefined }), world.secret),
  };
  const seen = new Map<string, string>();
  for (const [name, token] of Object.entries(tokens)) {
    const answer = await get(token);
    const { requestId: _, ...problem } = answer.json();
    const { date: _d, 'x-request-id': _x, ...rest } = answer.headers;
    seen.set(name, JSON.stringify({ status: answer.status, problem, rest }));
  }
  expect(new Set(seen.values()).size).toBe(1);
  // The log contains the reason that the responses do not contain.
  const reasons = [
    'NO_KEY_FITS',
    'BAD_SIGNATURE',
    'WRONG_AUDIENCE',
    'UNKNOWN_ISSUER',
    'REVOKED',
    'BAD_CLAIMS',
  ];
  await waitFor(`a log line for each of ${reasons.join(', ')}`, () => {
    const logged = new Set(parsedLines(program.stdout()).map(({ reason }) => reason));
    return reasons.every((reason) => logged.has(reason));
  });
  issuer.answerWith(() => {});
  try {
    const waiting = Array.from({ length: 5 }, (_, n) => get(untrusted.sign(claims(), { kid: `slow ${n}` })));
    // A fetch that hangs takes 5 s. A signature that a published key does not fit may wait for it.
    const quick = await Promise.all([get(tokens['no algorithm']), get(tokens['another secret'])]);
    for (const answer of quick) expect(answer.ms).toBeLessThan(4000);
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(401);
  } finally {
    issuer.answerWith(undefined);
  }
});

const read = (...names: string[]): string => readFileSync(path.join(PROJECT_ROOT, 'test', ...names), 'utf8');

test('every row of THREATS.md has a test with its title, and every threat test has a row', () => {
  const rows = read('auth', 'THREATS.md')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const threats = rows.slice(2).map(([, threat = '', , file = '']) => ({ threat, file: file.slice(1, -1) }));
  expect(threats.length).toBeGreaterThan(20);
  const untested = threats.filter(({ threat, file }) => {
    const tests = read(...file.split('/'));
    return (
      !tests.includes(`test('${threat}'`) &&
      !tests.includes(`['${threat}'`) &&
      !tests.includes(`    '${threat}'`)
    );
  });
  expect(untested).toEqual([]);
  const tests = [...read('journey', 'threats.test.ts').matchAll(/^test\('([^']+)'/gm)].map(
    ([, name]) => name,
  );
  const listed = new Set<unknown>(threats.map(({ threat }) => threat));
  // The first test and this one are not threats.
  expect(tests.slice(1, -1).filter((name) => !listed.has(name))).toEqual([]);
});
