import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { parsedLines } from '../support/child.ts';
import { waitFor } from '../support/wait-for.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());
afterEach(() => world.sandbox.clearFaults());

const CREDENTIALS = [
  'MISSING_API_KEY',
  'INVALID_API_KEY',
  'MISSING_DEVELOPER_SECRET',
  'INVALID_DEVELOPER_SECRET',
  'USER_INACTIVE',
];

const TABLE: readonly (readonly [upstream: string, status: number, code: string])[] = [
  ...CREDENTIALS.map((code) => [code, 502, 'UPSTREAM_CREDENTIALS_REJECTED'] as const),
  ['IP_NOT_WHITELISTED', 502, 'UPSTREAM_EGRESS_REJECTED'],
  ['MISSING_CONTACT_ID', 502, 'UPSTREAM_BAD_RESPONSE'],
  ['MISSING_ORG_ID', 502, 'UPSTREAM_BAD_RESPONSE'],
  ['MISSING_MEMBER_ID', 502, 'UPSTREAM_BAD_RESPONSE'],
  ['NOT_FOUND', 404, 'CONTACT_NOT_FOUND'],
];

describe('upstream errors with status 200', () => {
  test.each(TABLE)('%s returns %d %s', async (upstream, status, code) => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ mode: `error:${upstream}`, contactId: id });
    expectProblem(await world.get(`/contacts/${id}?include=notes`), status, code);
    await world.sandbox.clearFaults();
    expect((await world.get(`/contacts/${world.freshContact()}`)).status).toBe(200);
  });

  test('an unknown message returns UPSTREAM_BAD_RESPONSE', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ mode: 'unknown-message', contactId: id });
    const answer = await world.get(`/contacts/${id}`);
    expectProblem(answer, 502, 'UPSTREAM_BAD_RESPONSE');
  });

  test('an unknown contact returns 404', async () => {
    const id = '00000000-0000-4000-8000-0000000000ff';
    expectProblem(await world.get(`/contacts/${id}`), 404, 'CONTACT_NOT_FOUND');
  });

  test('responses do not reveal which credential is wrong', async () => {
    const bodies = new Set<string>();
    const headers = new Set<string>();
    for (const upstream of CREDENTIALS) {
      const id = world.freshContact();
      await world.sandbox.setFaults({ mode: `error:${upstream}`, contactId: id });
      const answer = await world.get(`/contacts/${id}`);
      const { requestId, instance, ...rest } = answer.json();
      expect([requestId, instance]).not.toContain(undefined);
      bodies.add(JSON.stringify(rest));
      headers.add(Object.keys(answer.headers).toSorted().join());
      expect(answer.text).not.toMatch(/api.?key|developer|secret|zdk_|inactive/i);
    }
    expect([...bodies]).toHaveLength(1);
    expect([...headers]).toHaveLength(1);
  });

  test.each([...CREDENTIALS, 'IP_NOT_WHITELISTED'])('%s is not retried and not stored', async (upstream) => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ mode: `error:${upstream}`, contactId: id });
    expect((await world.get(`/contacts/${id}`)).status).toBe(502);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
    await world.sandbox.clearFaults();
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
  });

  test.each(['INVALID_DEVELOPER_SECRET', 'IP_NOT_WHITELISTED'])(
    '%s is logged at level error with the upstream code',
    async (upstream) => {
      const id = world.freshContact();
      await world.sandbox.setFaults({ mode: `error:${upstream}`, contactId: id });
      const requestId = `req-${upstream}`;
      await world.get(`/contacts/${id}`, { headers: { 'x-request-id': requestId } });
      await waitFor('an error in the log', () =>
        parsedLines(world.program.stdout()).some(
          (line) =>
            JSON.stringify(line).includes(upstream) && (line['level'] === 'error' || line['level'] === 50),
        ),
      );
    },
  );
});
