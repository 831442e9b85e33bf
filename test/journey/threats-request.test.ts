import { randomUUID } from 'node:crypto';
import { parsedLines } from '../support/child.ts';
import { exchange, rawExchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { newSecret, sign, signByHand, unsigned } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  rsa,
  untrusted,
  world,
  issuer,
  program,
  id,
  claims,
  get,
  expectRefused,
  withHeader,
  underAttack,
} from '../support/threat-world.ts';

// Each test title is a row of test/auth/THREATS.md.
underAttack();

const sendLines = (...lines: string[]) =>
  rawExchange(
    program.port,
    [`GET /contacts/${id} HTTP/1.1`, 'Host: x', ...lines, 'Connection: close', '', ''].join('\r\n'),
  );

test('a repeated Authorization header or conflicting body lengths', async () => {
  const [good, other] = [sign(claims(), world.secret), sign(claims(), newSecret())];
  for (const pair of [
    [good, other],
    [other, good],
    [good, good],
  ]) {
    expect(await sendLines(...pair.map((token) => `Authorization: Bearer ${token}`))).toMatch(
      /^HTTP\/1\.1 401 /,
    );
  }
  expect(await sendLines(`Authorization: Bearer ${good}, Bearer ${other}`)).toMatch(/^HTTP\/1\.1 401 /);
  expect(await sendLines('Content-Length: 0', 'Content-Length: 5')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await sendLines('Content-Length: 5', 'Transfer-Encoding: chunked')).toMatch(/^HTTP\/1\.1 400 /);
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
