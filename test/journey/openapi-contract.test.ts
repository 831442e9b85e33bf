import { closedPort } from '../support/closed-port.ts';
import { exchange } from '../support/http.ts';
import type { TestResponse, Options } from '../support/http.ts';
import { openApiContract, readDocument } from '../support/openapi-contract.ts';
import { startProgram } from '../support/start-program.ts';
import { API_KEY, DEVELOPER_SECRET } from '../support/start-sandbox.ts';
import { programEnv, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const document = readDocument();
const breachesOf = openApiContract(document);
/** The responses seen, as `path status code`. */
const seen = new Set<string>();
let world: World;

const COOKIE = '__Host-session';
beforeAll(async () => {
  world = await startWorld({ AUTH_COOKIE_NAME: COOKIE });
});
afterAll(() => world?.stop());
afterEach(() => world.sandbox.clearFaults());

const UNKNOWN = '00000000-0000-4000-8000-000000000001';
const CONTACT_PATHS = [
  '/contacts/{id}',
  '/contacts/{id}/notes',
  '/contacts/{id}/entity',
  '/contacts/{id}/profile',
  '/contacts/{id}/signals',
];

/** Sends a GET request for a documented path and checks the response against the document. */
async function call(path: string, id = '', query = '', options: Options = {}): Promise<TestResponse> {
  const answer = await world.get(path.replace('{id}', id) + query, options);
  record(path, answer);
  return answer;
}

function record(path: string, answer: TestResponse): void {
  expect(breachesOf({ path, method: 'get', answer })).toEqual([]);
  const code = /problem/.test(String(answer.headers['content-type'])) ? ` ${answer.json().code}` : '';
  seen.add(`${path} ${answer.status}${code}`);
}

describe('successful responses match the document', () => {
  test.each(CONTACT_PATHS)('%s: miss, hit, 304 and 412', async (path) => {
    const id = world.directory.reference.contact;
    await call(path, id);
    const hit = await call(path, id);
    const headers = { 'if-none-match': String(hit.headers['etag']) };
    expect((await call(path, id, '', { headers })).status).toBe(304);
    expect((await call(path, id, '', { headers: { 'if-match': '"other"' } })).status).toBe(412);
  });

  test('with several include lists and sparse fieldsets', async () => {
    const id = world.freshContact();
    for (const query of ['', '?include=notes', '?include=signals,profile&include=entity,notes'])
      expect((await call('/contacts/{id}', id, query)).status).toBe(200);
    await call('/contacts/{id}', id, '?include=notes&fields[contact]=name&fields[notes]=content');
  });

  test('null parts and values that do not parse', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, {
      contact: { contact_dnc: 'perhaps', contact_tags: 'none', contact_zip: null, contact_custom_fields: '' },
      entity: null,
    });
    const answer = await call('/contacts/{id}', id, '?include=entity,notes,profile,signals');
    expect(answer.json().data).toMatchObject({ contact: { dnc: 'perhaps', zip: null }, entity: null });
    await call('/contacts/{id}/entity', id);
  });

  test('HEAD of a known and an unknown contact', async () => {
    for (const [id, status] of [
      [world.freshContact(), 200],
      [UNKNOWN, 404],
    ] as const) {
      const answer = await world.get(`/contacts/${id}`, { method: 'HEAD' });
      expect(answer.status).toBe(status);
      expect(breachesOf({ path: '/contacts/{id}', method: 'head', answer })).toEqual([]);
    }
  });

  test('the example response equals the response for the reference contact', async () => {
    const { contact } = world.directory.reference;
    const served = (await call('/contacts/{id}', contact)).json().data.contact;
    const { examples } = document.paths['/contacts/{id}'].get.responses[200].content['application/json'];
    expect(examples.alone.value.data.contact).toEqual(served);
  });

  test.each(['/openapi.json', '/docs', '/healthz', '/readyz'])('%s, without a token', async (path) => {
    const answer = await exchange(`${world.program.url}${path}`);
    expect(answer.status).toBe(200);
    record(path, answer);
  });
});

describe('error responses match the document', () => {
  test.each(CONTACT_PATHS)('%s: invalid requests', async (path) => {
    const id = world.freshContact();
    await call(path, '42');
    await call(path, id, '?fields[deal]=name');
    await call(path, id, '', { headers: { host: 'two hosts' } });
    await call(path, id, '', { body: 'x'.repeat(17_000), headers: { 'content-length': '17000' } });
    await call(path, UNKNOWN);
    if (path === '/contacts/{id}') await call(path, id, '?include=photos');
  });

  test.each([...CONTACT_PATHS, '/contacts'])('%s: invalid tokens', async (path) => {
    const id = world.freshContact();
    const expired = { iat: 1, exp: 2 };
    await call(path, id, '', { token: undefined });
    await call(path, id, '', { token: 'no-token' });
    await call(path, id, '', { token: world.token(expired) });
    await call(path, id, '', { token: world.token({ scope: 'other' }) });
    await call(path, id, '', { token: 'x'.repeat(8193) });
    await call(path, id, '', { token: undefined, headers: { cookie: `${COOKIE}=${world.token()}` } });
  });

  test.each([
    ['INVALID_API_KEY', 'UPSTREAM_CREDENTIALS_REJECTED', 'error:INVALID_API_KEY'],
    ['IP_NOT_WHITELISTED', 'UPSTREAM_EGRESS_REJECTED', 'error:IP_NOT_WHITELISTED'],
    ['HTML', 'UPSTREAM_BAD_RESPONSE', 'html'],
    ['500', 'UPSTREAM_UNAVAILABLE', 'http-500'],
    ['silence', 'UPSTREAM_TIMEOUT', 'silent'],
  ])('upstream %s returns %s', async (_name, code, mode) => {
    // Uses a separate program, because rejected credentials and upstream failures change its state.
    const env = {
      ...programEnv(world.sandbox, world.secret),
      UPSTREAM_TIMEOUT_MS: mode === 'silent' ? '1000' : '60000',
    };
    const program = await startProgram(env);
    try {
      for (const path of CONTACT_PATHS) {
        const contactId = world.freshContact();
        await world.sandbox.setFaults({ mode, contactId });
        const url = `${program.url}${path.replace('{id}', contactId)}`;
        const answer = await exchange(url, { token: world.token() });
        record(path, answer);
        expect(answer.json().code).toBe(code);
      }
    } finally {
      await program.stop();
    }
  });

  test('an organization without credentials', async () => {
    const [served, other] = world.directory.orgs;
    const pair = { apiKey: API_KEY, developerSecret: DEVELOPER_SECRET };
    const program = await startProgram({
      ...programEnv(world.sandbox, world.secret),
      ZYNTRO_API_KEY: '',
      ZYNTRO_DEVELOPER_SECRET: '',
      ZYNTRO_CREDENTIALS: JSON.stringify({ [served!.id]: pair }),
    });
    try {
      const token = world.token({ org_id: other!.id, member_id: other!.members[0] });
      const id = other!.contacts[0]!;
      for (const path of CONTACT_PATHS) {
        const answer = await exchange(`${program.url}${path.replace('{id}', id)}`, { token });
        record(path, answer);
        expect(answer.json().code).toBe('ORG_NOT_CONFIGURED');
      }
    } finally {
      await program.stop();
    }
  });

  test('a store that fails with RATE_LIMIT_ON_STORE_FAILURE=closed', async () => {
    const redis = await closedPort();
    const program = await startProgram({
      ...programEnv(world.sandbox, world.secret),
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      RATE_LIMIT_ON_STORE_FAILURE: 'closed',
    });
    try {
      for (const path of [...CONTACT_PATHS, '/contacts']) {
        const url = `${program.url}${path.replace('{id}', UNKNOWN)}`;
        const answer = await exchange(url, { token: world.token() });
        record(path, answer);
        expect(answer.json().code).toBe('RATE_LIMIT_UNAVAILABLE');
      }
    } finally {
      await program.stop();
      redis.release();
    }
  });

  test('a caller over its rate limit', async () => {
    const token = world.token();
    const ids = world.directory.orgs[0]!.contacts.slice(0, 40);
    for (let count = 0; count < 3; count += 1)
      await call('/contacts', '', `?ids=${ids.join(',')}`, { token });
    for (const path of [...CONTACT_PATHS, '/contacts'])
      expect((await call(path, ids[0], '', { token })).json().code).toBe('RATE_LIMITED');
  });

  test('a batch: invalid requests and failed contacts', async () => {
    const id = world.freshContact();
    await call('/contacts');
    await call('/contacts', '', `?ids=${id}&include=photos`);
    await call('/contacts', '', `?ids=${id}&fields[deal]=name`);
    await call('/contacts', '', `?ids=${id}`, { headers: { host: 'two hosts' } });
    await call('/contacts', '', '', { body: 'x'.repeat(17_000), headers: { 'content-length': '17000' } });
    const etag = String((await call('/contacts', '', `?ids=${id}`)).headers['etag']);
    await call('/contacts', '', `?ids=${id}`, { headers: { 'if-none-match': etag } });
    await call('/contacts', '', `?ids=${id}`, { headers: { 'if-match': '"other"' } });
    const mixed = await call('/contacts', '', `?ids=${UNKNOWN},${id}`);
    expect([mixed.json().data.length, mixed.json().errors.length]).toEqual([1, 1]);
  });

  test('unknown paths and unsupported methods', async () => {
    expect((await world.get('/nothing')).json().code).toBe('ROUTE_NOT_FOUND');
    const answer = await world.get(`/contacts/${UNKNOWN}`, { method: 'DELETE' });
    expect(answer.json().code).toBe('METHOD_NOT_ALLOWED');
    expect(document.components.schemas.ErrorCode.enum).toEqual(
      expect.arrayContaining(['ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED']),
    );
  });
});

describe('a batch of 50 contacts matches the document', () => {
  test('with every include', async () => {
    const ids = world.directory.orgs[0]!.contacts.slice(0, 50);
    const query = `?ids=${ids.join(',')}&include=notes,entity,profile,signals`;
    expect((await call('/contacts', '', query)).json().data).toHaveLength(50);
  });
});

describe('every documented response was seen', () => {
  /** Codes of internal errors and overload, which a test cannot trigger on demand. */
  const NOT_ON_DEMAND = new Set(['INTERNAL_ERROR', 'OVERLOADED']);

  test.each([...CONTACT_PATHS, '/contacts'])('%s', (path) => {
    const { responses } = document.paths[path].get;
    const promised = Object.entries<Record<string, unknown>>(responses).flatMap(([status, given]) => {
      const reference = given['$ref'] as string | undefined;
      const response = reference ? document.components.responses[reference.split('/').at(-1)!] : given;
      const codes = response.content?.['application/problem+json']?.schema.properties.code.enum;
      const possible = codes?.filter((code: string) => !NOT_ON_DEMAND.has(code)) ?? [''];
      return possible.map((code: string) => `${path} ${status} ${code}`.trim());
    });
    expect(promised.filter((one: string) => !seen.has(one))).toEqual([]);
  });
});
