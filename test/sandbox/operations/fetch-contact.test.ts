import { readFileSync } from 'node:fs';
import path from 'node:path';
import request from 'supertest';
import { PROJECT_ROOT } from '../../support/child.ts';
import {
  COLLEAGUE,
  FETCH_CONTACT,
  ORG,
  OTHER_ORG,
  REQUEST,
  SISTER_ORG,
  startSandboxServers,
} from '../../support/sandbox-servers.ts';
import type { SandboxServers } from '../../support/sandbox-servers.ts';
import type { Json } from '../../support/http.ts';

let sandbox: SandboxServers;
beforeAll(async () => void (sandbox = await startSandboxServers()));
afterAll(() => sandbox?.stop());

/** The samples of the upstream's page. */
const example = (name: string): Json =>
  JSON.parse(readFileSync(path.join(PROJECT_ROOT, 'test/vectors/upstream', `${name}.json`), 'utf8'));

async function call(body: object): Promise<Json> {
  const response = await request(sandbox.data).post(FETCH_CONTACT).send(body);
  expect(response.status).toBe(200);
  expect(response.headers['content-type']).toBe('application/json');
  return response.body;
}
const failed = (message: string) => ({ data: [message], status: 'error' });

/** Code, documented message, and the single error of the request, in the order of the page. */
const ERRORS: readonly (readonly [code: string, message: string, change: object])[] = [
  ['MISSING_API_KEY', 'Missing service instance', { api_key: undefined }],
  ['INVALID_API_KEY', 'Invalid API Key', { api_key: 'no-such-key' }],
  ['MISSING_DEVELOPER_SECRET', 'Missing developer_secret', { developer_secret: undefined }],
  ['INVALID_DEVELOPER_SECRET', 'Invalid developer_secret', { developer_secret: 'zdk_wrong' }],
  ['MISSING_CONTACT_ID', 'Missing contact ID', { contact_id: undefined }],
  ['MISSING_ORG_ID', 'Missing org ID', { org_id: undefined }],
  ['MISSING_MEMBER_ID', 'Missing member ID', { member_id: undefined }],
  ['NOT_FOUND', 'No such contact', { contact_id: '00000000-0000-4000-8000-000000000000' }],
];
const INACTIVE = {
  api_key: 'sandbox-inactive-api-key',
  developer_secret: 'zdk_sandbox_inactive_secret',
};

describe('the documented errors', () => {
  test.each(ERRORS)('returns %s with the message "%s"', async (_code, message, change) => {
    expect(await call({ ...REQUEST, ...change })).toEqual(failed(message));
  });

  test('returns USER_INACTIVE with the message "User is not active"', async () => {
    expect(await call({ ...REQUEST, ...INACTIVE })).toEqual(failed('User is not active'));
  });

  test('returns the documented NOT_FOUND sample, byte for byte, for an unknown contact', async () => {
    const contact_id = '00000000-0000-4000-8000-000000000000';
    const response = await request(sandbox.data)
      .post(FETCH_CONTACT)
      .send({ ...REQUEST, contact_id });
    expect(response.text).toBe(JSON.stringify(example('fetch-contact.not-found')));
  });

  test.each(['api_key', 'developer_secret', 'contact_id', 'org_id', 'member_id'])(
    'treats %s as missing if it is empty, null or absent',
    async (field) => {
      const absent = await call({ ...REQUEST, [field]: undefined });
      expect(absent.data[0]).toMatch(/^Missing /);
      expect(await call({ ...REQUEST, [field]: '' })).toEqual(absent);
      expect(await call({ ...REQUEST, [field]: null })).toEqual(absent);
    },
  );

  test('returns the first documented error if a request has two', async () => {
    for (const [index, [, message, change]] of ERRORS.entries()) {
      for (const [, , later] of ERRORS.slice(index + 1)) {
        expect(await call({ ...REQUEST, ...later, ...change })).toEqual(failed(message));
      }
    }
  });

  test('checks USER_INACTIVE after the credentials and before the ids', async () => {
    const wrongSecret = { ...REQUEST, ...INACTIVE, developer_secret: REQUEST.developer_secret };
    expect(await call(wrongSecret)).toEqual(failed('Invalid developer_secret'));
    const noContact = { ...REQUEST, ...INACTIVE, contact_id: '' };
    expect(await call(noContact)).toEqual(failed('User is not active'));
  });

  test("rejects another account's secret for this API key", async () => {
    const mixed = { ...REQUEST, developer_secret: 'zdk_sandbox_second_secret' };
    expect(await call(mixed)).toEqual(failed('Invalid developer_secret'));
  });
});

describe('the documented contact', () => {
  test('is returned exactly as documented', async () => {
    const includes = { include_notes: 1, include_entity: 1, include_profile: 0, include_signals: 0 };
    expect(Object.keys({ ...REQUEST, ...includes }).toSorted()).toEqual(
      Object.keys(example('fetch-contact.request')).toSorted(),
    );
    const response = await request(sandbox.data)
      .post(FETCH_CONTACT)
      .send({ ...REQUEST, ...includes });
    const documented = JSON.stringify(example('fetch-contact.success'));
    // The page hides the address of its example.
    expect(response.text).toBe(documented.replace('[email\u00a0protected]', 'jane.smith@example.com'));
  });

  test('has ids that are compared case-insensitively', async () => {
    const shouted = {
      org_id: ORG.toUpperCase(),
      contact_id: REQUEST.contact_id.toUpperCase(),
      member_id: REQUEST.member_id.toUpperCase(),
    };
    expect((await call({ ...REQUEST, ...shouted })).status).toBe('success');
  });
});

const PARTS = { notes: 'notes', profile: 'contact_profile', signals: 'signals', entity: 'entity' } as const;
const includedIn = (response: Json): string[] =>
  Object.entries(PARTS)
    .filter(([, name]) => response.data[name] !== null)
    .map(([part]) => part);

describe('include flags', () => {
  test('default to 0, and every part that was not included is null', async () => {
    const { data } = await call(REQUEST);
    expect(Object.keys(data)).toEqual(['notes', 'entity', 'contact', 'signals', 'contact_profile']);
    expect(data).toMatchObject({ notes: null, entity: null, signals: null, contact_profile: null });
    expect(data.contact.contact_name).toBe('Jane Smith');
  });

  test.each(Object.keys(PARTS))('include_%s includes only that part', async (part) => {
    expect(includedIn(await call({ ...REQUEST, [`include_${part}`]: 1 }))).toEqual([part]);
  });

  test.each([[0], [2], [-1], [1.5], ['1'], [true], [null], [[1]]])(
    'ignores the value %j, because it is not the integer 1',
    async (value) => {
      const flags = Object.fromEntries(Object.keys(PARTS).map((part) => [`include_${part}`, value]));
      expect(includedIn(await call({ ...REQUEST, ...flags }))).toEqual([]);
    },
  );
});

const ALL_FLAGS = { include_notes: 1, include_profile: 1, include_signals: 1, include_entity: 1 };

test('every scalar in a contact of every kind is a string', async () => {
  const ids = [...sandbox.state.world.contacts]
    .filter(([, record]) => record.org === ORG && !record.hidden)
    .slice(0, 60)
    .map(([id]) => id);
  const seen = new Set<string>();
  for (const contact_id of ids) {
    const { data } = await call({ ...REQUEST, ...ALL_FLAGS, contact_id });
    expect(data.contact.contact_id).toBe(contact_id);
    expect(nonStrings(data)).toEqual([]);
    for (const part of includedIn({ data })) seen.add(part);
    for (const name of ['contact_tags', 'contact_custom_fields']) JSON.parse(data.contact[name]);
    expect(data.contact.contact_date_created).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  }
  expect([...seen].toSorted()).toEqual(Object.keys(PARTS).toSorted());
});

/** Returns the paths of all values that are neither a string, nor null for a part, nor a container of these. */
function nonStrings(value: unknown, at = ''): string[] {
  if (typeof value === 'string' || (value === null && at.split('.').length === 2)) return [];
  if (typeof value !== 'object' || value === null) return [at];
  return Object.entries(value).flatMap(([name, inner]) => nonStrings(inner, `${at}.${name}`));
}

const storedNote = (maker: string, isPrivate: boolean, content: string) =>
  ({ maker, content, created: '2025-01-01 10:00:00', private: isPrivate }) as const;
const contactOf = (org: string, hidden: boolean) =>
  [...sandbox.state.world.contacts].findLast(([, one]) => one.org === org && one.hidden === hidden)!;
const contents = async (member_id: string, contact_id: string): Promise<string[] | null> => {
  const { data } = await call({ ...REQUEST, member_id, contact_id, include_notes: 1 });
  return data.notes?.map((note: Json) => note.note_content) ?? null;
};

describe('visibility', () => {
  test('only its author sees a private note, not even the owner of the contact', async () => {
    const [id, record] = contactOf(ORG, false);
    const { contacts } = sandbox.state.world;
    const owned = { ...record, contact: { ...record.contact, contact_owner: REQUEST.member_id } };
    contacts.set(id, {
      ...owned,
      notes: [storedNote(COLLEAGUE, true, 'mine'), storedNote(COLLEAGUE, false, 'ours')],
    });
    expect(await contents(COLLEAGUE, id)).toEqual(['mine', 'ours']);
    expect(await contents(REQUEST.member_id, id)).toEqual(['ours']);
    contacts.set(id, { ...owned, notes: [storedNote(COLLEAGUE, true, 'mine')] });
    expect(await contents(REQUEST.member_id, id)).toBeNull();
  });

  test('a note has only the three documented fields', async () => {
    const { data } = await call({ ...REQUEST, include_notes: 1 });
    expect(Object.keys(data.notes[0])).toEqual(['note_maker', 'note_content', 'note_date_created']);
  });

  test('only its owner sees a hidden contact', async () => {
    const [contact_id, record] = contactOf(ORG, true);
    const owner = String(record.contact['contact_owner']);
    const other = owner === COLLEAGUE ? REQUEST.member_id : COLLEAGUE;
    expect((await call({ ...REQUEST, contact_id, member_id: owner })).status).toBe('success');
    expect(await call({ ...REQUEST, contact_id, member_id: other })).toEqual(failed('No such contact'));
  });

  test("returns NOT_FOUND for another organization's contact, for every org_id", async () => {
    const [contact_id] = contactOf(OTHER_ORG, false);
    for (const org_id of [ORG, SISTER_ORG, OTHER_ORG, 'no-organization']) {
      expect(await call({ ...REQUEST, org_id, contact_id })).toEqual(failed('No such contact'));
    }
  });

  test('returns NOT_FOUND across two organizations of one account', async () => {
    const [contact_id] = contactOf(SISTER_ORG, false);
    expect(await call({ ...REQUEST, contact_id })).toEqual(failed('No such contact'));
    const member_id = '2f9d8c41-6a3e-4b70-8c52-e7d1f0a9b634';
    expect((await call({ ...REQUEST, contact_id, org_id: SISTER_ORG, member_id })).status).toBe('success');
  });

  test('returns NOT_FOUND to a member of another organization', async () => {
    const member_id = '93b1f6d8-2e7c-4a05-9d14-c8e5a0b7f362';
    expect(await call({ ...REQUEST, member_id })).toEqual(failed('No such contact'));
  });
});
