import { z } from 'zod';
import { isAppError } from '../../errors.ts';
import { callerOf } from '../../http/request-context.ts';
import { ref as schemaRef } from '../../lib/json-schema.ts';
import type { Json, JsonObject } from '../../lib/json.ts';
import { createContact as createUpstream } from '../../upstream/operations/create-contact.ts';
import { lookupContact } from '../../upstream/operations/lookup-contact.ts';
import { JSON_BODY, invalidBody } from '../body.ts';
import { matches, normalize, type Lookup } from '../lookup-contact/match.ts';
import { defineBodyOperation, requireScopes, scopeNamed, type Result } from '../operation.ts';
import { contactOf, readNow } from '../read-contact-now.ts';
import type { OperationServices } from '../services.ts';
import { FIELDS, writeFields } from '../write-fields.ts';
import { fenced, mayWriteAny, NO_CALLER, performWrite } from '../write.ts';

const ON_EXISTING = ['fail', 'update'] as const;
const MATCH_BY = ['email', 'phone'] as const;
const oneOf = (values: readonly string[]) => ({ error: `must be one of ${values.join(', ')}` });

const CREATION = z.strictObject({
  contact: FIELDS,
  entity: FIELDS.optional(),
  skipEntity: z.boolean({ error: 'must be true or false' }).default(false),
  onExisting: z.enum(ON_EXISTING, oneOf(ON_EXISTING)).default('fail'),
  matchBy: z.enum(MATCH_BY, oneOf(MATCH_BY)).default('email'),
});

interface Identity {
  readonly org: string;
  readonly member: string;
}

/** `POST /contacts`: creates a contact, or changes the one that has the same e-mail address or phone number. */
export const createContact = defineBodyOperation({
  id: 'createContact',
  method: 'post',
  path: '/contacts',
  scope: 'createContacts',
  body: { schema: CREATION, mediaTypes: JSON_BODY },
  async handle(req, { body, json }, services) {
    const { org, member } = callerOf(req);
    const isUpdate = body.onExisting === 'update';
    const anyContact = scopeNamed('writeAnyContact', services.settings);
    if (isUpdate) requireScopes(callerOf(req), [anyContact ?? 'contacts:write:any']);
    const options = { mayWriteAny: mayWriteAny(req, services) };
    const lookup = lookupOf(body.contact, body.matchBy, isUpdate);
    const input = {
      org,
      member,
      mode: isUpdate ? ('upsert' as const) : ('insert' as const),
      matchBy: body.matchBy,
      contact: writeFields('contact', body.contact, options),
      entity: body.entity && writeFields('entity', body.entity, options),
      skipEntity: body.skipEntity,
    };
    const resultOf = (id: string, entityId: string | null): Result => ({
      status: isUpdate ? 200 : 201,
      headers: isUpdate ? [] : ['Location', `/contacts/${id}`],
      value: { data: { id, entityId } },
    });
    const existing = lookup && (() => findExisting(services, { org, member }, lookup));
    return performWrite(req, services, {
      operation: 'createContact',
      json,
      refAfter: ({ value }) => ({ org, member, contact: createdId(value) }),
      attempt: {
        async execute() {
          const call = () => services.upstream(createUpstream, input, NO_CALLER);
          const before = isUpdate ? await existing?.() : undefined;
          const created =
            before === undefined ? await call() : await fenced(services, { org, contact: before }, call);
          await dropAfter(services, org, created.contact, before);
          return resultOf(created.contact, created.entity);
        },
        // Without a value to look for, it cannot be checked whether an earlier attempt was carried out.
        ...(existing && {
          prepare: async () => (await existing()) ?? null,
          async reconcile(before: Json) {
            const now = await existing();
            if (now === undefined || before !== null) return undefined;
            await dropAfter(services, org, now, undefined);
            return resultOf(now, null);
          },
        }),
      },
    });
  },
  docs: {
    summary: 'Create a contact',
    description: () =>
      'Creates a contact whose owner is the caller. If a contact with the same e-mail address (or phone number, with `matchBy`) exists, returns 409 `CONTACT_EXISTS`, or changes that contact with `"onExisting": "update"`, which requires the scope for any contact. Without `entity`, the CRM makes a company from the contact’s name unless `skipEntity` is set.',
    parameters: [],
    parts: [],
    body: {
      example: {
        contact: { firstName: 'Jane', lastName: 'Smith', email: 'jane.smith@example.com' },
        entity: { name: 'Acme Corp' },
      },
    },
    success: {
      status: 201,
      description: 'The contact was created. With `"onExisting": "update"` the status is 200.',
      members: { data: schemaRef('schemas', 'CreatedContact') },
      examples: {
        created: { value: { data: { id: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890', entityId: null } } },
      },
    },
    invalid: () => [],
  },
});

/**
 * Returns the lookup that identifies an existing contact, or undefined if the contact does not have the value.
 *
 * @throws AppError `INVALID_BODY` if an existing contact is to be changed and there is no value to find it by.
 */
function lookupOf(contact: JsonObject, matchBy: Lookup['kind'], isUpdate: boolean): Lookup | undefined {
  const value = contact[matchBy];
  const lookup = typeof value === 'string' ? normalize(matchBy, value) : undefined;
  if (!lookup && isUpdate)
    throw invalidBody(
      `The member "contact.${matchBy}" is required and must be valid, because existing contacts are matched by it (matchBy)`,
    );
  return lookup;
}

/** Returns the id of the contact that the member sees under the value, or undefined. */
async function findExisting(
  services: OperationServices,
  { org, member }: Identity,
  lookup: Lookup,
): Promise<string | undefined> {
  const contact = await services.upstream(lookupContact, { org, text: lookup.text }, NO_CALLER);
  if (contact === null) return undefined;
  try {
    const found = await readNow(services, { org, member, contact });
    return matches(lookup, contactOf(found)) ? contact : undefined;
  } catch (error) {
    if (isAppError(error, 'CONTACT_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Drops all that a cache may hold of the contact, not-found entries included, and lookups without a match. */
async function dropAfter(
  services: OperationServices,
  org: string,
  contact: string,
  alreadyFenced: string | undefined,
): Promise<void> {
  if (contact !== alreadyFenced) await fenced(services, { org, contact }, async () => undefined);
  await services.lookups.dropNegative(org);
}

function createdId(value: Result['value']): string {
  return (value as { readonly data: { readonly id: string } }).data.id;
}
