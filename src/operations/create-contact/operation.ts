import { z } from 'zod';
import type { Request } from 'express';
import { AppError, isAppError } from '../../errors.ts';
import { callerOf } from '../../http/request-context.ts';
import { ref as schemaRef } from '../../lib/json-schema.ts';
import type { Json, JsonObject } from '../../lib/json.ts';
import { createContact as createUpstream } from '../../upstream/operations/create-contact.ts';
import { lookupContact } from '../../upstream/operations/lookup-contact.ts';
import { choice, flag } from '../body-schemas.ts';
import { JSON_BODY, invalidBody } from '../body.ts';
import { matches, normalize, type Lookup } from '../lookup-contact/match.ts';
import { acknowledged, fenced } from '../fenced.ts';
import { defineBodyOperation, requireScopes, scopeNamed, type Result } from '../operation.ts';
import { contactOf, readNow, NO_CALLER } from '../read-contact-now.ts';
import type { OperationServices } from '../services.ts';
import { FIELDS, hasFields, writeFields } from '../write-fields.ts';
import { mayWriteAny, performWrite } from '../write.ts';

const ON_EXISTING = ['fail', 'update'] as const;
const MATCH_BY = ['email', 'phone'] as const;

const CREATION = z.strictObject({
  contact: FIELDS,
  entity: FIELDS.optional(),
  skipEntity: flag.default(false),
  onExisting: choice(ON_EXISTING).default('fail'),
  matchBy: choice(MATCH_BY).default('email'),
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
    if (isUpdate) requireAnyContact(req, services);
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
        async execute(requireLease) {
          const candidates = isUpdate ? await findCandidates(services, { org, member }, lookup!) : [];
          if (candidates.length === 0) await requireFences(services, org);
          const created = await fencedAll(services, org, candidates, async () => {
            requireLease();
            return services.upstream(createUpstream, input, NO_CALLER);
          });
          await dropAfter(services, org, created.contact, candidates);
          return resultOf(created.contact, created.entity);
        },
        // Without a value to look for, it cannot be checked whether an earlier attempt was carried out.
        ...(existing && {
          prepare: async () => (await existing())?.id ?? null,
          async reconcile(before: Json) {
            const found = await existing();
            const isDone =
              before === null ? isOwn(found, member) : isUpdate && hasChange(found, before, body.contact);
            if (!found || !isDone) return undefined;
            await dropAfter(services, org, found.id, []);
            return resultOf(found.id, null);
          },
        }),
      },
    });
  },
  docs: {
    summary: 'Create a contact',
    description: () =>
      'Creates a contact whose owner is the caller. If a contact with the same e-mail address (or phone number, with `matchBy`) exists, returns 409 `CONTACT_EXISTS`, or changes that contact with `"onExisting": "update"`, which requires the scope for any contact, and that the caller sees the contact. Without `entity`, the CRM makes a company from the contact’s name unless `skipEntity` is set.',
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
      otherStatus: 200,
      description: 'The contact was created. With `"onExisting": "update"` the status is 200.',
      members: { data: schemaRef('schemas', 'CreatedContact') },
      hasLocation: true,
      examples: {
        created: { value: { data: { id: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890', entityId: null } } },
      },
    },
    errors: ['CONTACT_NOT_FOUND', 'CONTACT_EXISTS', 'UPSTREAM_REFUSED'],
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

/** @throws AppError `INSUFFICIENT_SCOPE` if the caller may not change any contact. */
function requireAnyContact(req: Request, { settings }: OperationServices): void {
  const scope = scopeNamed('writeAnyContact', settings);
  if (scope !== undefined) return requireScopes(callerOf(req), [scope]);
  throw new AppError('INSUFFICIENT_SCOPE', { detail: 'Changing any contact is turned off.' });
}

interface Existing {
  readonly id: string;
  readonly contact: JsonObject;
}

/** Returns the contact that the member sees under the value, or undefined. */
async function findExisting(
  services: OperationServices,
  { org, member }: Identity,
  lookup: Lookup,
): Promise<Existing | undefined> {
  const found = await services.upstream(lookupContact, { org, text: lookup.text }, NO_CALLER);
  if (found === null) return undefined;
  const { id } = found;
  try {
    const contact = contactOf(await readNow(services, { org, member, contact: id }));
    return matches(lookup, contact) ? { id, contact } : undefined;
  } catch (error) {
    if (isAppError(error, 'CONTACT_NOT_FOUND')) return undefined;
    throw error;
  }
}

/**
 * Returns the contacts that the upstream may change. It compares phone numbers by their digits, and finds texts as
 * they are given. One that has neither spelling is found by the response alone.
 *
 * @throws AppError `CONTACT_NOT_FOUND` if a contact has the value and the member does not see it: the upstream may
 *   change it nevertheless.
 */
async function findCandidates(
  services: OperationServices,
  { org, member }: Identity,
  lookup: Lookup,
): Promise<readonly string[]> {
  const texts = new Set(lookup.kind === 'phone' ? [lookup.text, lookup.value] : [lookup.text]);
  const replies = await Promise.all(
    [...texts].map((text) => services.upstream(lookupContact, { org, text }, NO_CALLER)),
  );
  const found = replies.filter((one) => one !== null);
  for (const one of found)
    if (matches(lookup, one)) await readNow(services, { org, member, contact: one.id });
  return [...new Set(found.map(({ id }) => id))];
}

/** Calls the upstream inside a fence around each of the contacts. */
function fencedAll<T>(
  services: OperationServices,
  org: string,
  contacts: readonly string[],
  call: () => Promise<T>,
): Promise<T> {
  const wrapped = contacts.reduce((inner, contact) => () => fenced(services, { org, contact }, inner), call);
  return wrapped();
}

/** A contact that was not there before the first attempt and belongs to the member was made by that attempt. */
function isOwn(found: Existing | undefined, member: string): boolean {
  const owner = found?.contact['owner'];
  return typeof owner === 'string' && owner.toLowerCase() === member;
}

/** Returns whether the contact that was there before has the values of the request. */
function hasChange(found: Existing | undefined, before: Json, fields: JsonObject): boolean {
  return found !== undefined && found.id === before && hasFields(found.contact, fields);
}

/** An id that no contact has. */
const NO_CONTACT = '00000000-0000-0000-0000-000000000000';

/**
 * Rejects before anything is sent if contacts cannot be fenced. The id of a new contact is known only after the
 * call, so this fences an id that no contact has.
 *
 * @throws AppError `CACHE_UNAVAILABLE`.
 */
async function requireFences(services: OperationServices, org: string): Promise<void> {
  const trial = await services.fence(org, NO_CONTACT);
  // Not awaited, because the response does not depend on it. If it fails, the fence ends by itself.
  trial.open().catch(() => {});
}

/** Drops all that a cache may hold of the contact, not-found entries included, and lookups without a match. */
async function dropAfter(
  services: OperationServices,
  org: string,
  contact: string,
  alreadyFenced: readonly string[],
): Promise<void> {
  if (!alreadyFenced.includes(contact))
    await acknowledged(async () => (await services.fence(org, contact)).open());
  await acknowledged(() => services.lookups.recordChange(org));
}

function createdId(value: Result['value']): string {
  return (value as { readonly data: { readonly id: string } }).data.id;
}
