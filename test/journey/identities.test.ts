import { goodClaims, sign } from '../support/tokens.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const tokenOf = (org: string, member: string): string => sign(goodClaims(org, member), world.secret);
const members = (): [string, string] => world.directory.orgs[0]?.members.slice(0, 2) as [string, string];
const orgs = (): [string, string] =>
  world.directory.orgs.slice(0, 2).map((org) => org.id) as [string, string];

const privateNote = (maker: string, content: string) => ({
  maker,
  content,
  created: '2025-03-10 11:00:00',
  private: true,
});

describe('isolation between identities', () => {
  test('only its owner can read a hidden contact, cached or not', async () => {
    const { id: org = '', hidden } = world.directory.orgs[0] ?? {};
    const others = world.directory.orgs[0]?.members.filter((member) => member !== hidden?.owner) ?? [];
    const read = async (member = ''): Promise<number> =>
      (await world.get(`/contacts/${hidden?.id}`, { token: tokenOf(org, member) })).status;
    for (let round = 0; round < 2; round += 1) {
      expect(await read(hidden?.owner)).toBe(200);
      for (const member of others) expect(await read(member)).toBe(404);
    }
  });

  test('two members see only their own private notes, from separate cache entries', async () => {
    const id = world.freshContact();
    const [org] = orgs();
    const notes = members().map((maker) => privateNote(maker, `Private to ${maker}`));
    await world.sandbox.patchContact(id, { notes });
    const read = async (member: string) =>
      (await world.get(`/contacts/${id}/notes`, { token: tokenOf(org, member) })).json().data;
    for (let round = 0; round < 2; round += 1) {
      for (const member of members()) {
        const contents = (await read(member)).map((note: { content: string }) => note.content);
        expect(contents).toEqual([`Private to ${member}`]);
      }
    }
    const calls = await world.sandbox.callsFor(id);
    expect(calls.map((call) => call.memberId).toSorted()).toEqual(members().toSorted());
  });

  test('the same request by two members of two organizations makes four upstream calls', async () => {
    const id = world.freshContact();
    const pairs = orgs().flatMap((org) => members().map((member) => [org, member] as const));
    const statuses = new Map<string, number>();
    for (let round = 0; round < 2; round += 1) {
      for (const [org, member] of pairs) {
        const token = tokenOf(org, member);
        const answer = await world.get(`/contacts/${id}?include=notes`, { token });
        const key = `${org} ${member}`;
        expect(answer.status).toBe(statuses.get(key) ?? answer.status);
        statuses.set(key, answer.status);
      }
    }
    expect(statuses.get(`${orgs()[0]} ${members()[0]}`)).toBe(200);
    expect(statuses.get(`${orgs()[1]} ${members()[0]}`)).not.toBe(200);
    const calls = await world.sandbox.callsFor(id);
    expect(new Set(calls.map((call) => `${call.orgId} ${call.memberId}`)).size).toBe(4);
    expect(calls).toHaveLength(4);
  });

  test('two members do not share an upstream call in flight', async () => {
    const id = world.freshContact();
    const [org] = orgs();
    await world.sandbox.setFaults({ delayMs: 200, contactId: id });
    await Promise.all(
      members().map((member) => world.get(`/contacts/${id}`, { token: tokenOf(org, member) })),
    );
    await world.sandbox.clearFaults();
    const calls = await world.sandbox.callsFor(id);
    expect(calls.map((call) => call.memberId).toSorted()).toEqual(members().toSorted());
  });

  test("does not return 304 for the ETag of another member's response", async () => {
    const id = world.freshContact();
    const [org] = orgs();
    const [one, two] = members();
    await world.sandbox.patchContact(id, { notes: [privateNote(one, 'Mine alone')] });
    const path = `/contacts/${id}/notes`;
    const etag = String((await world.get(path, { token: tokenOf(org, one) })).headers['etag']);
    const headers = { 'if-none-match': etag };
    expect((await world.get(path, { token: tokenOf(org, two), headers })).status).not.toBe(304);
    expect((await world.get(path, { token: tokenOf(org, one), headers })).status).toBe(304);
  });
});

describe('the identity comes only from the token', () => {
  test.each(['org_id', 'orgId', 'org', 'member_id', 'memberId', 'api_key', 'developer_secret'])(
    'ignores %s in the query and in the body',
    async (name) => {
      const id = world.freshContact();
      const [, other] = orgs();
      const body = JSON.stringify({ [name]: other });
      const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
      const answer = await world.get(`/contacts/${id}?${name}=${other}&${name}[]=${other}`, {
        headers,
        body,
      });
      expect([200, 400, 413]).toContain(answer.status);
      for (const call of await world.sandbox.callsFor(id)) {
        expect(call).toMatchObject({ orgId: orgs()[0], memberId: members()[0] });
      }
    },
  );

  test('ignores identity headers of other systems', async () => {
    const id = world.freshContact();
    const [, org] = orgs();
    const [, member] = members();
    const headers = {
      'x-org-id': org,
      'x-organization-id': org,
      'x-tenant-id': org,
      'x-member-id': member,
      'x-user-id': member,
      'x-forwarded-user': member,
      'org-id': org,
      org_id: org,
      member_id: member,
      forwarded: `for=${member};host=${org}`,
      cookie: `org_id=${org}; member_id=${member}`,
    };
    expect((await world.get(`/contacts/${id}`, { headers })).status).toBe(200);
    const [call] = await world.sandbox.callsFor(id);
    expect(call).toMatchObject({ orgId: orgs()[0], memberId: members()[0], contactId: id });
  });
});
