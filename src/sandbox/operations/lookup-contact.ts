import { orgOf } from '../contacts.ts';
import { failure, success } from '../messages.ts';
import type { ContactRecord } from '../records.ts';
import { notesFor } from './fetch-contact.ts';
import { ORG_ID, type SandboxOperation } from './operation.ts';

const CONTACT_FIELDS = [
  'contact_id',
  'contact_first_name',
  'contact_last_name',
  'contact_role_label',
  'contact_email',
  'contact_secondary_email',
  'contact_phone',
  'contact_secondary_phone',
] as const;

/**
 * Returns the organization's first contact with a field that contains the text, in any case, with all parts. It
 * does not take a member, so hidden contacts and private notes are returned, too.
 */
export const lookupContact: SandboxOperation = {
  name: 'lookupContact',
  path: '/apis/v2/public/crm/lookupContact',
  credentials: 'key and secret',
  required: [ORG_ID, ['search_string', 'MISSING_SEARCH_STRING', 'Missing search string']],
  carryOut(request) {
    const org = orgOf(request);
    const text = String(request.body['search_string']).toLowerCase();
    const record = [...request.world.contacts.values()].find((one) => one.org === org && matches(one, text));
    if (!record) return failure('NOT_FOUND');
    return success({
      notes: notesFor(record, () => true),
      entity: record.entity,
      contact: record.contact,
      signals: record.signals,
      contact_profile: record.profile,
    });
  },
};

function matches({ contact, entity }: ContactRecord, text: string): boolean {
  const company = (entity as Readonly<Record<string, unknown>> | null)?.['entity_name'];
  const values = [...CONTACT_FIELDS.map((name) => contact[name]), company];
  return values.some((value) => typeof value === 'string' && value.toLowerCase().includes(text));
}
