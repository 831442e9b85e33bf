import { z } from 'zod';
import type { ContactRef } from '../../contact/read-contact.ts';
import { isJsonObject, parseJson, type JsonObject } from '../../lib/json.ts';
import { updateFields } from '../../upstream/operations/update-fields.ts';
import { invalidBody, JSON_BODY } from '../body.ts';
import { acknowledged } from '../fenced.ts';
import { defineBodyOperation } from '../operation.ts';
import { parseContactId } from '../parse-query.ts';
import { contactOf, readNow, NO_CALLER } from '../read-contact-now.ts';
import type { OperationServices } from '../services.ts';
import { besideContact, FIELDS, hasFields, writeFields } from '../write-fields.ts';
import { changeContact, mayWriteAny, performWrite, refOf } from '../write.ts';

const CHANGE = z
  .strictObject({ contact: FIELDS.optional(), entity: FIELDS.optional() })
  .refine(({ contact, entity }) => contact !== undefined || entity !== undefined, {
    error: 'must have the member contact or entity',
  });
type Change = z.output<typeof CHANGE>;

/** `PATCH /contacts/:id`: changes fields of a contact and of its company. */
export const patchContact = defineBodyOperation({
  id: 'patchContact',
  method: 'patch',
  path: '/contacts/:id',
  scope: 'writeContacts',
  body: { schema: CHANGE, mediaTypes: [...JSON_BODY, 'application/merge-patch+json'] },
  async handle(req, { body, json }, services) {
    const ref = refOf(req);
    const options = { mayWriteAny: mayWriteAny(req, services) };
    const fields = allFields(
      body.contact && writeFields('contact', body.contact, options),
      body.entity && writeFields('entity', body.entity, options),
    );
    const result = { status: 204, headers: [], value: undefined } as const;
    return performWrite(req, services, {
      operation: 'patchContact',
      isConditional: true,
      json,
      ref,
      attempt: {
        async execute(requireLease) {
          await changeContact(req, services, ref, {
            allowAny: true,
            ifMatch: req.headers['if-match'],
            call: () => {
              requireLease();
              return services.upstream(updateFields, { ...ref, fields }, NO_CALLER);
            },
          });
          await acknowledged(() => services.lookups.recordChange(ref.org));
          return result;
        },
        async reconcile() {
          if (!(await isChanged(services, ref, body))) return undefined;
          await acknowledged(() => services.lookups.recordChange(ref.org));
          return result;
        },
      },
    });
  },
  docs: {
    summary: 'Change a contact',
    description: () =>
      'Changes the given fields, in the form that GET returns. Only the owner may change a contact, or a caller with the scope for any contact. Tags are added with `{ "add": [ … ] }`. Fields of `entity` change a company that other contacts share; these show the change within the time to live of `entity`. With `If-Match`, the change is made only if the contact is unchanged; a change made in the CRM between that check and the write is not detected.',
    parameters: ['ContactId', 'IfMatch'],
    parts: [],
    body: {
      example: { contact: { stageId: 'stage-uuid', emailOptout: true, tags: { add: ['vip'] } } },
    },
    success: { status: 204, description: 'The contact was changed.' },
    errors: ['CONTACT_NOT_FOUND', 'NOT_CONTACT_OWNER', 'PRECONDITION_FAILED', 'UPSTREAM_REFUSED'],
    invalid: () => [() => parseContactId('42')],
  },
});

/**
 * Returns the fields of a contact and of its company by their names in `updateFieldData`.
 *
 * @throws AppError `INVALID_BODY` if two fields have one name, so that one of them would be lost.
 */
function allFields(contact: JsonObject = {}, entity: JsonObject = {}): JsonObject {
  const ofEntity = Object.entries(entity).map(([name, value]) => [besideContact(name), value] as const);
  const twice = ofEntity.find(([name]) => Object.hasOwn(contact, name));
  if (twice)
    throw invalidBody(`The member "contact.${twice[0]}" names a field of "entity" that the body has, too.`);
  return { ...contact, ...Object.fromEntries(ofEntity) };
}

/** Returns whether the contact has the new values, which shows that an earlier attempt was carried out. */
async function isChanged(
  services: OperationServices,
  ref: ContactRef,
  { contact, entity }: Change,
): Promise<boolean> {
  const found = await readNow(services, ref, entity ? ['contact', 'entity'] : ['contact']);
  if (contact && !hasFields(contactOf(found), contact)) return false;
  const company = entity && parseJson(found.entity!.bytes.toString('utf8'));
  return !entity || (isJsonObject(company) && hasFields(company, entity));
}
