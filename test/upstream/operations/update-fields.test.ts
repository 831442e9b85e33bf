import { fetchContact } from '../../../src/upstream/operations/fetch-contact.ts';
import { updateFields } from '../../../src/upstream/operations/update-fields.ts';
import { ORG, OWNER, REQUEST } from '../../support/sandbox-servers.ts';
import { UNKNOWN_OUTCOMES, upstreamSandbox } from '../../support/upstream-sandbox.ts';

const upstream = upstreamSandbox();
const CHANGE = { org: ORG, contact: REQUEST.contact_id, fields: { primaryEmail: 'jane@example.com' } };
const QUERY = { org: ORG, member: OWNER, contact: REQUEST.contact_id };

test('changes fields of the contact and of its company', async () => {
  const fields = {
    roleLabel: 'Champion',
    smsOptout: 1,
    tags: ['vip'],
    customFields: { size: 'XL' },
    website: 'https://example.com',
    entityName: 'Acme SE',
  };
  expect(await upstream.call(updateFields, { ...CHANGE, fields })).toBeUndefined();
  const { contact, entity } = await upstream.call(fetchContact, { ...QUERY, parts: ['contact', 'entity'] });
  expect(contact).toMatchObject({
    contact_role_label: 'Champion',
    contact_sms_optout: '1',
    contact_tags: '["prospect","webinar-attendee","vip"]',
    contact_custom_fields: '{"industry":"Technology","size":"XL"}',
  });
  expect(entity).toMatchObject({ entity_website: 'https://example.com', entity_name: 'Acme SE' });
});

test.each([
  ['CONTACT_NOT_FOUND', 'NOT_FOUND', { contact: crypto.randomUUID() }],
  ['UPSTREAM_REFUSED', 'UNKNOWN_MESSAGE', { fields: {} }],
  ['UPSTREAM_REFUSED', 'UNKNOWN_MESSAGE', { fields: { id: 'other' } }],
])('%s for a refusal with %s, of which nothing was carried out', async (code, reason, change) => {
  expect(await upstream.refusal(updateFields, { ...CHANGE, ...change })).toEqual({
    code,
    reason,
    outcome: 'none',
  });
  expect(upstream.carriedOut(updateFields)).toBe(0);
});

test.each(UNKNOWN_OUTCOMES)(
  '%s after the change has an unknown outcome and is not repeated',
  async (mode, code) => {
    upstream.fail(updateFields, { mode });
    expect(await upstream.refusal(updateFields, CHANGE)).toMatchObject({ code, outcome: 'unknown' });
    expect(upstream.callCount()).toBe(1);
  },
);
