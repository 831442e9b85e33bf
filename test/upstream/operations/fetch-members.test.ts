import { fetchMembers } from '../../../src/upstream/operations/fetch-members.ts';
import { COLLEAGUE, ORG, OTHER_ORG, OWNER } from '../../support/sandbox-servers.ts';
import { CREDENTIALS, upstreamSandbox } from '../../support/upstream-sandbox.ts';

const upstream = upstreamSandbox();

test('lists the members of an organization by the API key alone', async () => {
  await upstream.reconnect({}, undefined, { ...CREDENTIALS, developerSecret: 'zdk_wrong' });
  const members = await upstream.call(fetchMembers, { org: ORG, brand: 101 });
  expect(members).toHaveLength(3);
  expect(members).toContainEqual({ id: OWNER, name: 'Morgan Lee' });
  expect(members).toContainEqual({ id: COLLEAGUE, name: 'Robin Kaur' });
});

test.each([
  ['another brand', { org: ORG, brand: 102 }],
  ["another account's organization", { org: OTHER_ORG, brand: 101 }],
])('is refused for %s', async (_name, input) => {
  expect(await upstream.refusal(fetchMembers, input)).toMatchObject({ code: 'UPSTREAM_REFUSED' });
});

test('a refused API key reads as that of fetchContact', async () => {
  await upstream.reconnect({}, undefined, { ...CREDENTIALS, apiKey: 'wrong' });
  expect(await upstream.refusal(fetchMembers, { org: ORG, brand: 101 })).toMatchObject({
    code: 'UPSTREAM_CREDENTIALS_REJECTED',
    reason: 'INVALID_API_KEY',
  });
});

test('the documented refusals are bad responses, because the proxy sent a wrong request', () => {
  for (const [message, reason] of [
    ['Missing brand ID', 'MISSING_BRAND'],
    ['Missing org ID', 'MISSING_ORG'],
  ])
    expect(() =>
      fetchMembers.decode(JSON.stringify({ status: 'error', data: [message] }), { org: ORG, brand: 101 }),
    ).toThrow(
      expect.objectContaining({
        code: 'UPSTREAM_BAD_RESPONSE',
        details: expect.objectContaining({ reason }),
      }),
    );
});
