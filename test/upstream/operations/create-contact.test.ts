import { createContact, type NewContactInput } from '../../../src/upstream/operations/create-contact.ts';
import { fetchContact } from '../../../src/upstream/operations/fetch-contact.ts';
import { ORG, OWNER, REQUEST } from '../../support/sandbox-servers.ts';
import { UNKNOWN_OUTCOMES, upstreamSandbox } from '../../support/upstream-sandbox.ts';

const upstream = upstreamSandbox();
const NEW: NewContactInput = {
  org: ORG,
  member: OWNER,
  mode: 'insert',
  matchBy: 'email',
  contact: { firstName: 'Ada', lastName: 'Byron', primaryEmail: 'ada.byron@example.com' },
  entity: undefined,
  skipEntity: false,
};

test('creates a contact of the member, with a company of its name', async () => {
  const { contact, entity } = await upstream.call(createContact, NEW);
  expect(entity).toMatch(/^[0-9a-f-]{36}$/);
  const query = { org: ORG, member: OWNER, contact, parts: ['contact', 'entity'] as const };
  expect(await upstream.call(fetchContact, query)).toMatchObject({
    contact: { contact_name: 'Ada Byron', contact_email: 'ada.byron@example.com', contact_owner: OWNER },
    entity: { entity_name: 'Ada Byron' },
  });
});

test('creates a contact without a company', async () => {
  expect(await upstream.call(createContact, { ...NEW, skipEntity: true })).toMatchObject({ entity: null });
});

test('the mode insert is CONTACT_EXISTS for an existing contact, and upsert changes it', async () => {
  const { contact } = await upstream.call(createContact, NEW);
  expect(await upstream.refusal(createContact, NEW)).toEqual({
    code: 'CONTACT_EXISTS',
    reason: 'CONTACT_EXISTS',
    outcome: 'none',
  });
  const change = { ...NEW, mode: 'upsert', contact: { ...NEW.contact, roleLabel: 'Champion' } } as const;
  expect(await upstream.call(createContact, change)).toMatchObject({ contact });
  expect(upstream.carriedOut(createContact)).toBe(2);
});

test('matches by phone number', async () => {
  const contact = { firstName: 'Jane', primaryPhone: '+1 555 0123' };
  const change = { ...NEW, mode: 'upsert', matchBy: 'phone', contact } as const;
  expect(await upstream.call(createContact, change)).toMatchObject({ contact: REQUEST.contact_id });
});

test('another message is UPSTREAM_REFUSED, although it contains "exist", if the mode is upsert', async () => {
  const upsert = { ...NEW, mode: 'upsert', contact: { firstName: 'Ada' } } as const;
  expect(await upstream.refusal(createContact, upsert)).toMatchObject({
    code: 'UPSTREAM_REFUSED',
    outcome: 'none',
  });
  const refusal = JSON.stringify({ status: 'error', data: ['Entity does not exist'] });
  expect(() => createContact.decode(refusal, upsert)).toThrow(
    expect.objectContaining({ code: 'UPSTREAM_REFUSED' }),
  );
  expect(() => createContact.decode(refusal, NEW)).toThrow(
    expect.objectContaining({ code: 'CONTACT_EXISTS' }),
  );
});

test('an id of the company may be a number', () => {
  const text = `{"status":"success","data":{"contact_id":"${REQUEST.contact_id}","entity_id":9007199254740993}}`;
  expect(createContact.decode(text, NEW)).toEqual({
    contact: REQUEST.contact_id,
    entity: '9007199254740993',
  });
});

test.each(UNKNOWN_OUTCOMES)(
  '%s after it was created has an unknown outcome and is not repeated',
  async (mode, code) => {
    upstream.fail(createContact, { mode });
    expect(await upstream.refusal(createContact, NEW)).toMatchObject({ code, outcome: 'unknown' });
    expect(upstream.carriedOut(createContact)).toBe(1);
    expect(upstream.callCount()).toBe(1);
  },
);
