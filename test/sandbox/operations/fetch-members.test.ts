import {
  FETCH_MEMBERS,
  ORG,
  OTHER_ORG,
  OWNER,
  postTo,
  refused,
  REQUEST,
  startSandboxServers,
} from '../../support/sandbox-servers.ts';
import type { SandboxServers } from '../../support/sandbox-servers.ts';
import type { Json } from '../../support/http.ts';

let sandbox: SandboxServers;
beforeAll(async () => void (sandbox = await startSandboxServers({ SANDBOX_ALLOWED_IPS: '127.0.0.2' })));
afterAll(() => sandbox?.stop());

const list = (change: object = {}): Promise<Json> =>
  postTo(sandbox, FETCH_MEMBERS, { api_key: REQUEST.api_key, org_id: ORG, brand_id: 101, ...change });

test.each([
  ['MISSING_API_KEY', { api_key: '' }, 'Missing service instance'],
  ['INVALID_API_KEY', { api_key: 'wrong' }, 'Invalid API Key'],
  ['INVALID_API_KEY for an inactive account', { api_key: 'sandbox-inactive-api-key' }, 'Invalid API Key'],
  ['MISSING_BRAND', { brand_id: undefined }, 'Missing brand ID'],
  ['MISSING_ORG', { org_id: '' }, 'Missing org ID'],
  ["INVALID_BRAND for another account's brand", { brand_id: 102 }, 'No such brand'],
  ["INVALID_ORG for another account's organization", { org_id: OTHER_ORG }, 'No such organization'],
])('refuses with %s', async (_code, change, message) => {
  expect(await list(change)).toEqual(refused(message));
});

test.each([101, '101'])(
  'lists ids and names for the brand %j, without a developer secret',
  async (brand_id) => {
    const { data, status } = await list({ brand_id });
    expect(status).toBe('success');
    expect(data).toHaveLength(3);
    expect(data[0]).toEqual({ member_id: OWNER, member_name: 'Morgan Lee' });
  },
);
