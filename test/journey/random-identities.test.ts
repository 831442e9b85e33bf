import http from 'node:http';
import * as fc from 'fast-check';
import { exchange, type TestResponse } from '../support/http.ts';
import { goodClaims, signByHand, type Claims } from '../support/tokens.ts';
import { startWorld, type World } from '../support/world.ts';

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
let world: World;
let identities: readonly { readonly org: string; readonly member: string }[];
let contacts: readonly string[];

beforeAll(async () => {
  world = await startWorld({ AUTH_COOKIE_NAME: '__Host-t', CORS_ORIGINS: 'https://app.example' });
  const { orgs } = world.directory;
  identities = orgs
    .slice(0, 2)
    .flatMap(({ id, members }) => members.slice(0, 2).map((member) => ({ org: id, member })));
  contacts = orgs[0]!.contacts.slice(0, 3);
  // Every member has a private note on every contact, so a response shows whose data it contains.
  for (const contact of contacts) {
    await world.sandbox.patchContact(contact, {
      notes: identities.map(({ member }) => ({
        maker: member,
        content: `Private to ${member}`,
        created: '2025-03-10 11:00:00',
        private: true,
      })),
    });
  }
});
afterAll(async () => {
  agent.destroy();
  await world?.stop();
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '*',
    '|',
    '}:',
    '\r\nX: 1',
    '',
    'null',
    '{"a":1}',
    'contacts:read',
  ),
);
const anything = fc.oneof(
  text,
  fc.jsonValue({ maxDepth: 2 }),
  fc.double(),
  fc.constantFrom(null, true, 0, -1, []),
);
const oddHeader = fc.record(
  {
    alg: fc.oneof({ weight: 4, arbitrary: fc.constant('HS256') }, anything),
    typ: fc.oneof({ weight: 2, arbitrary: fc.constant('JWT') }, anything),
    kid: anything,
    crit: anything,
    jku: text,
  },
  { requiredKeys: ['alg'] },
);
const header = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ alg: 'HS256', typ: 'JWT' }) },
  { weight: 1, arbitrary: oddHeader },
);
const CLAIM = ['iss', 'aud', 'sub', 'exp', 'nbf', 'iat', 'jti', 'scope', 'scp', 'permissions', 'rate_tier'];
const IDENTITY = ['org_id', 'member_id', 'orgId', 'constructor', '__proto__'];
const oddClaims = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...CLAIM, ...IDENTITY), text), anything), {
  maxLength: 3,
});
const changes = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: oddClaims });
const NAMES = [
  'cookie',
  'origin',
  'x-org-id',
  'x-member-id',
  'x-user-id',
  'if-none-match',
  'cache-control',
  'accept-encoding',
  'x-request-id',
  'forwarded',
  'x-requested-with',
];
const printable = (value: string): string => value.replace(/[^\x20-\x7E]/g, '%');
const headers = fc.dictionary(fc.constantFrom(...NAMES), text.map(printable), { maxKeys: 3 });
const suffix = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('?include=notes', '/notes', '?include=notes,entity&fields[contact]=name'),
  },
  text.map((value) => `?include=${encodeURIComponent(value.toWellFormed())}`),
  text.map((value) => `/${encodeURIComponent(value.toWellFormed())}`),
  text.map((value) => `?org_id=${encodeURIComponent(value.toWellFormed())}&include=notes`),
);

interface Attempt {
  readonly who: number;
  readonly contact: number;
  readonly header: Claims;
  readonly changes: readonly (readonly [string, unknown])[];
  readonly headers: Record<string, string>;
  readonly suffix: string;
}

function send(attempt: Attempt): Promise<TestResponse> {
  const { org, member } = identities[attempt.who % identities.length]!;
  const claims = Object.assign(Object.create(null) as Claims, goodClaims(org, member));
  for (const [name, value] of attempt.changes) claims[name] = value;
  const token = signByHand({ ...attempt.header }, claims, world.secret);
  const path = `/contacts/${contacts[attempt.contact % contacts.length]}${attempt.suffix}`;
  return exchange(`${world.program.url}${path}`, { token, headers: attempt.headers, agent });
}

/** Returns the members whose private notes a response contains. */
const shown = (answer: TestResponse): string[] => [
  ...new Set([...answer.text.matchAll(/Private to ([0-9a-f-]{36})/g)].map(([, member]) => member!)),
];

test('a response contains the private note of its own member', async () => {
  const { org, member } = identities[0]!;
  const answer = await world.get(`/contacts/${contacts[0]}/notes`, {
    token: signByHand({ alg: 'HS256' }, goodClaims(org, member), world.secret),
  });
  expect(shown(answer)).toEqual([member]);
});

test('random tokens and requests never cause a 5xx or return data of another member', async () => {
  const statusCounts = new Map<number, number>();
  const attempt = fc.record({
    who: fc.nat(3),
    contact: fc.nat(2),
    header,
    changes,
    headers,
    suffix,
  });
  const property = fc.asyncProperty(
    fc.array(attempt as fc.Arbitrary<Attempt>, { minLength: 1, maxLength: 8 }),
    async (attempts) => {
      const answers = await Promise.all(attempts.map(send));
      for (const [index, answer] of answers.entries()) {
        statusCounts.set(answer.status, (statusCounts.get(answer.status) ?? 0) + 1);
        expect({ status: answer.status < 500, text: answer.text.slice(0, 300) }).toMatchObject({
          status: true,
        });
        const { changes, who } = attempts[index]!;
        const claimed = changes.filter(([name]) => name === 'member_id').map(([, value]) => value);
        const own =
          claimed.length > 0
            ? String(claimed.at(-1)).toLowerCase()
            : identities[who % identities.length]!.member;
        for (const member of shown(answer)) expect(member).toBe(own);
      }
    },
  );
  await fc.assert(property, { numRuns: 250 });
  // Both outcomes must occur often, otherwise the attempts prove nothing.
  expect(statusCounts.get(200)).toBeGreaterThan(50);
  expect(statusCounts.get(401)).toBeGreaterThan(50);
});

test('concurrent requests of random identities return only their own data', async () => {
  const claimed = fc.record({
    org: fc.constantFrom(...identities.map(({ org }) => org)),
    member: fc.constantFrom(...identities.map(({ member }) => member)),
    upper: fc.boolean(),
    contact: fc.constantFrom(...contacts),
  });
  const property = fc.asyncProperty(fc.array(claimed, { minLength: 2, maxLength: 12 }), async (all) => {
    const answers = await Promise.all(
      all.map(({ org, member, upper, contact }) => {
        const spell = (id: string) => (upper ? id.toUpperCase() : id);
        const token = signByHand({ alg: 'HS256' }, goodClaims(spell(org), spell(member)), world.secret);
        return exchange(`${world.program.url}/contacts/${contact}?include=notes`, { token, agent });
      }),
    );
    for (const [index, answer] of answers.entries()) {
      expect([200, 404]).toContain(answer.status);
      if (answer.status === 200) expect(shown(answer)).toEqual([all[index]!.member]);
    }
  });
  await fc.assert(property, { numRuns: 60 });
});
