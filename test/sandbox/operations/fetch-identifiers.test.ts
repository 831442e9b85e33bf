import {
  COLLEAGUE,
  FETCH_IDENTIFIERS,
  ORG,
  OTHER_ORG,
  postTo,
  refused,
  REQUEST,
  SISTER_ORG,
  startSandboxServers,
} from '../../support/sandbox-servers.ts';
import type { SandboxServers } from '../../support/sandbox-servers.ts';
import type { Json } from '../../support/http.ts';

let sandbox: SandboxServers;
beforeAll(async () => void (sandbox = await startSandboxServers()));
afterAll(() => sandbox?.stop());

const { developer_secret } = REQUEST;
const identify = (body: object): Promise<Json> => postTo(sandbox, FETCH_IDENTIFIERS, body);

test('takes the developer secret alone and lists the account of that secret', async () => {
  const { data, status } = await identify({ developer_secret });
  expect(status).toBe('success');
  expect(data.api_key).toBe(REQUEST.api_key);
  expect(data.organizations.map((org: Json) => org.org_id)).toEqual([ORG, SISTER_ORG]);
  expect(data.organizations[0]).toMatchObject({ org_name: 'Northwind Sales' });
  expect(data.organizations[0].members).toContainEqual({ member_id: COLLEAGUE, member_name: 'Robin Kaur' });
  expect(data.brands).toEqual([{ brand_id: 101, brand_name: 'Northwind' }]);
});

test('lists the organizations and brands of another account for its secret', async () => {
  const { data } = await identify({ developer_secret: 'zdk_sandbox_second_secret' });
  expect(data.organizations.map((org: Json) => org.org_id)).toEqual([OTHER_ORG]);
  expect(data.brands).toEqual([{ brand_id: 102, brand_name: 'Southbank' }]);
});

test('works for an inactive account', async () => {
  expect((await identify({ developer_secret: 'zdk_sandbox_inactive_secret' })).status).toBe('success');
});

test('refuses as fetchContact does', async () => {
  expect(await identify({})).toEqual(refused('Missing developer_secret'));
  expect(await identify({ developer_secret: 'zdk_wrong' })).toEqual(refused('Invalid developer_secret'));
  const strict = await startSandboxServers({ SANDBOX_ALLOWED_IPS: '127.0.0.2' });
  try {
    const response = await postTo(strict, FETCH_IDENTIFIERS, { developer_secret });
    expect(response).toEqual(refused('IP address not whitelisted'));
  } finally {
    await strict.stop();
  }
});
