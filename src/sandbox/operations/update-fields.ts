import { contactOf, orgOf, saveContact } from '../contacts.ts';
import { changeEntity, entityOf, findEntity } from '../entities.ts';
import {
  entityFields,
  fieldReference,
  readOnlyField,
  separateFields,
  withFields,
  type Fields,
} from '../fields.ts';
import { failure, success } from '../messages.ts';
import { upstreamTime, type ContactRecord } from '../records.ts';
import { isMissing, ORG_ID, type SandboxOperation } from './operation.ts';

/**
 * Changes fields of a contact, an entity or both. It does not take a member. Unknown fields are stored; the
 * messages other than those of fetchContact are not documented.
 */
export const updateFields: SandboxOperation = {
  name: 'updateFieldData',
  path: '/apis/v2/public/crm/updateFieldData',
  credentials: 'key and secret',
  required: [ORG_ID, ['fields', 'MISSING_FIELDS', 'Missing fields']],
  answerOpenly: (body) =>
    body['help'] === true ? { ...success(fieldReference()), carriedOut: false } : undefined,
  carryOut(request) {
    const { body, world } = request;
    const fields = body['fields'];
    const [contactId, entityId] = [body['contact_id'], body['entity_id']];
    if (isMissing(contactId) && isMissing(entityId)) return failure('MISSING_CONTACT_ID');
    if (typeof fields !== 'object' || Array.isArray(fields) || Object.keys(fields as object).length === 0)
      return failure('INVALID_FIELDS', 'Invalid fields');

    const org = orgOf(request);
    const record = isMissing(contactId) ? undefined : contactOf(request);
    if (org === undefined || (!record && !isMissing(contactId))) return failure('NOT_FOUND');
    const own = record
      ? separateFields(fields as Fields)
      : { contact: {}, entity: entityFields(fields as Fields) };
    const entity = isMissing(entityId)
      ? record && entityOf(record)
      : findEntity(world, org, ({ id }) => id === String(entityId).toLowerCase());
    if (!entity && (!isMissing(entityId) || Object.keys(own.entity).length > 0))
      return failure('ENTITY_NOT_FOUND', 'No such entity');
    if (readOnlyField('contact_', own.contact) !== undefined)
      return failure('READ_ONLY_FIELD', 'Field cannot be changed');

    if (record) saveContact(world, changedContact(record, own.contact));
    if (entity && Object.keys(own.entity).length > 0) changeEntity(world, org, entity.id, own.entity);
    return success();
  },
};

/** Returns a contact with new values; its name follows the first and the last name. */
export function changedContact(record: ContactRecord, fields: Fields): ContactRecord {
  const contact = withFields(record.contact, 'contact_', fields);
  const isRenamed = ('firstName' in fields || 'lastName' in fields) && !('name' in fields);
  const name = `${String(contact['contact_first_name'])} ${String(contact['contact_last_name'])}`.trim();
  return {
    ...record,
    contact: {
      ...contact,
      ...(isRenamed && { contact_name: name }),
      contact_date_updated: upstreamTime(),
    },
  };
}
