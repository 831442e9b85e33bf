import { randomUUID } from 'node:crypto';
import { idOf, isVisible, memberOf, orgOf, saveContact } from '../contacts.ts';
import { changeEntity, entityOf, findEntity, newEntity, type Entity } from '../entities.ts';
import { readOnlyField, withFields, type Fields } from '../fields.ts';
import { failure, success } from '../messages.ts';
import { upstreamTime, type ContactRecord } from '../records.ts';
import { REFERENCE_CONTACT } from '../reference-contact.ts';
import type { World } from '../world.ts';
import { isMissing, MEMBER_ID, ORG_ID, type Body, type SandboxOperation } from './operation.ts';
import { changedContact } from './update-fields.ts';

const MODES: readonly unknown[] = ['insert', 'update', 'upsert'];

/** Inserts or updates a contact and its entity. The messages other than fetchContact's are not documented. */
export const createContact: SandboxOperation = {
  name: 'addContactsFull',
  path: '/apis/v2/public/crm/addContactsFull',
  credentials: 'key and secret',
  required: [ORG_ID, MEMBER_ID, ['contact', 'MISSING_CONTACT', 'Missing contact']],
  carryOut(request) {
    const { body, world } = request;
    const [org, member] = [orgOf(request), memberOf(request)];
    if (org === undefined || member === undefined) return failure('INVALID_MEMBER', 'No such member');
    const { mode = 'upsert', contact, entity = {} } = body;
    if (!MODES.includes(mode)) return failure('INVALID_MODE', 'Invalid mode');
    if (!isFields(contact) || !isFields(entity)) return failure('INVALID_CONTACT', 'Invalid contact');
    const lookup = lookupOf(body, contact);
    if (lookup === undefined) return failure('MISSING_LOOKUP_VALUE', 'Missing lookup value');
    if (readOnlyField('contact_', contact) !== undefined)
      return failure('READ_ONLY_FIELD', 'Field cannot be changed');

    const existing = [...world.contacts.values()].find(
      (record) => record.org === org && isVisible(record, member) && lookup(record),
    );
    if (existing && mode === 'insert') return failure('CONTACT_EXISTS', 'Contact already exists');
    if (!existing && mode === 'update') return failure('NOT_FOUND');
    const record = changedContact(existing ?? emptyContact(org, member), contact);
    const linked = isSkipped(body) ? entityOf(record) : linkedEntity(world, record, entity, !existing);
    saveContact(world, linked ? { ...record, entity: linked.fields, entityId: linked.id } : record);
    return success({ contact_id: idOf(record), entity_id: linked?.id ?? null });
  },
};

const lowerCase = (value: unknown) => String(value).toLowerCase();
const digits = (value: unknown) => String(value).replace(/\D/g, '');

/** Returns a test of whether a contact is the one that the body identifies; undefined without a value. */
function lookupOf(body: Body, contact: Fields): ((record: ContactRecord) => boolean) | undefined {
  const { lookup_by: by = 'email', contact_id: id } = body;
  const { primaryEmail: email, primaryPhone: phone } = contact;
  if (by === 'email' && !isMissing(email))
    return (record) => lowerCase(record.contact['contact_email']) === lowerCase(email);
  if (by === 'phone' && digits(phone ?? '') !== '')
    return (record) => digits(record.contact['contact_phone']) === digits(phone);
  if (by === 'contact_id' && !isMissing(id)) return (record) => idOf(record) === lowerCase(id);
  return undefined;
}

/**
 * Returns the entity of a contact after the call: the named one, which is made if the organization does not have
 * it, or the contact's own. A new contact without either gets an entity of its own name.
 */
function linkedEntity(
  world: World,
  record: ContactRecord,
  fields: Fields,
  isNew: boolean,
): Entity | undefined {
  const own = entityOf(record);
  const name = fields['name'] ?? (isNew ? record.contact['contact_name'] : undefined);
  const named = (entity: Entity) => entity.fields['entity_name'] === name;
  const entity = isMissing(name) ? own : findEntity(world, record.org, named);
  if (!entity) return isMissing(name) ? undefined : newEntity({ ...fields, name });
  changeEntity(world, record.org, entity.id, fields);
  return { id: entity.id, fields: withFields(entity.fields, 'entity_', fields) };
}

const FLAGS = /_(dnc|is_test|optout|auto_engage|verified)$/;

function emptyContact(org: string, member: string): ContactRecord {
  const names = Object.keys(REFERENCE_CONTACT);
  const contact = {
    ...Object.fromEntries(names.map((name) => [name, FLAGS.test(name) ? '0' : ''])),
    contact_id: randomUUID(),
    contact_owner: member,
    contact_status: 'Active',
    contact_tags: '[]',
    contact_custom_fields: '{}',
    contact_date_created: upstreamTime(),
  };
  return { org, hidden: false, contact, notes: [], entity: null, profile: null, signals: null };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSkipped({ skip_entity: skip }: Body): boolean {
  return skip === 1 || skip === '1' || skip === true;
}
