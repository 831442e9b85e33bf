import type { Request } from 'express';
import { z } from 'zod';
import { PARTS, type Part } from '../../contact/parts/index.ts';
import type { ContactParts, ReadOptions } from '../../contact/read-contact.ts';
import { PART_EXAMPLES } from '../../contact/schemas.ts';
import { AppError, isAppError } from '../../errors.ts';
import { callerOf } from '../../http/request-context.ts';
import { ref } from '../../lib/json-schema.ts';
import { parseJson, type Json } from '../../lib/json.ts';
import { lookupContact as lookupUpstream } from '../../upstream/operations/lookup-contact.ts';
import { assembleContact } from '../assemble.ts';
import { JSON_BODY } from '../body.ts';
import { defineBodyOperation, requireScopes } from '../operation.ts';
import { parseFieldsets, parseInclude, queryOf, type Fieldsets } from '../parse-query.ts';
import { contactOf, NO_CALLER } from '../read-contact-now.ts';
import { bypassOptions, queryFor, readOptions, readScopes } from '../read-request.ts';
import type { OperationServices } from '../services.ts';
import type { ScopeSettings } from '../settings.ts';
import { matches, normalize, type Lookup } from './match.ts';

const TEXT = { error: 'must be a text' };
const LOOKUP = z.strictObject({
  email: z.string(TEXT).optional(),
  phone: z.string(TEXT).optional(),
  text: z.string(TEXT).optional(),
});

/**
 * `POST /contacts/lookup`: at most one contact, by e-mail address, phone number or text. The upstream ignores the
 * member, so only the id is taken from it, and the contact is read as the member.
 */
export const lookupContact = defineBodyOperation({
  id: 'lookupContact',
  method: 'post',
  path: '/contacts/lookup',
  scope: 'lookupContacts',
  readOnly: true,
  body: { schema: LOOKUP, mediaTypes: JSON_BODY },
  async handle(req, { body }, services) {
    const query = queryOf(req);
    const parts = parseInclude(query);
    const fieldsets = parseFieldsets(query);
    requireScopes(callerOf(req), readScopes(parts, services.settings.scopes));
    const found = await find(req, lookupOf(body), parts, services);
    const data: Json[] = found ? [valueOf(found, fieldsets)] : [];
    return { status: 200, headers: [], value: { data } };
  },
  docs: {
    summary: 'Find a contact',
    description: () =>
      'Finds at most one contact, by exactly one of `email` (letter case is ignored), `phone` (digits are compared) and `text` (the first match of the CRM for 3 to 200 characters). The CRM searches for the text as it is given, so a phone number has to be in a spelling that the CRM finds, such as the one in `contact.phone`. A contact that the member may not see is not found.',
    parameters: ['Include'],
    parts: PARTS,
    body: { example: { email: 'jane.smith@example.com' } },
    success: {
      status: 200,
      description: 'The contact, or an empty list.',
      members: { data: { type: 'array', maxItems: 1, items: ref('schemas', 'ContactParts') } },
      examples: {
        found: { summary: 'Found', value: { data: [{ contact: PART_EXAMPLES.contact }] } },
        none: { summary: 'Not found', value: { data: [] } },
      },
    },
    errors: ['UPSTREAM_REFUSED'],
    invalid: () => [
      () => lookupOf({}),
      () => parseInclude({ include: 'photos' }),
      () => parseFieldsets({ 'fields[deal]': 'name' }),
    ],
  },
});

/** @throws AppError `INVALID_LOOKUP` if there is not exactly one valid key. */
function lookupOf(body: z.output<typeof LOOKUP>): Lookup {
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  const [kind, text] = given.length === 1 ? given[0]! : [];
  const lookup = kind === undefined ? undefined : normalize(kind as Lookup['kind'], text!);
  if (lookup) return lookup;
  throw new AppError('INVALID_LOOKUP', {
    detail:
      'Send exactly one of email (1 to 254 characters), phone (1 to 20 digits) and text (3 to 200 characters).',
  });
}

/**
 * Returns the contact as the member sees it. A cached id whose contact has lost the value is looked up again. A
 * cached contact without the value by which the CRM has just found it is read again.
 *
 * A contact that the member may not see costs the same calls as one that does not exist, so that the time of a
 * response does not distinguish them.
 */
async function find(
  req: Request,
  lookup: Lookup,
  parts: readonly Part[],
  services: OperationServices,
): Promise<ContactParts | undefined> {
  const begunAt = services.monotonicNow();
  const { org } = callerOf(req);
  const { kind, text } = lookup;
  const query = { org, kind, value: text };
  const fetchId = async () => (await services.upstream(lookupUpstream, { org, text }, NO_CALLER))?.id ?? null;
  const first = await services.lookups.find(query, fetchId);
  const found = await readVisible(req, first.id ?? services.lookups.decoyOf(query), parts, services);
  if (first.id === null) return undefined;
  const isMatch = found && matches(lookup, contactOf(found));
  // Only the upstream knows whether a contact still matches a free text.
  if (isMatch && !(kind === 'text' && first.isBeforeChange)) return found;
  if (!found && !first.isPastNegativeTtl && !first.isBeforeChange) return undefined;
  const { id } = await services.lookups.find({ ...query, fresh: true }, fetchId);
  if (id === null) return undefined;
  const named = id === first.id ? found : await readVisible(req, id, parts, services);
  if (!named || matches(lookup, contactOf(named))) return named;
  // The value may have been changed in the CRM since the contact was fetched.
  if (named.contact!.fetchedAt >= begunAt) return undefined;
  const current = await readVisible(req, id, parts, services, bypassOptions);
  return current && matches(lookup, contactOf(current)) ? current : undefined;
}

function valueOf(found: ContactParts, fieldsets: Fieldsets): Json {
  return parseJson(Buffer.from(assembleContact(found, fieldsets), 'latin1').toString('utf8'));
}

async function readVisible(
  req: Request,
  id: string,
  parts: readonly Part[],
  { readContact, settings }: OperationServices,
  optionsOf: (req: Request, scopes: ScopeSettings) => ReadOptions = readOptions,
): Promise<ContactParts | undefined> {
  try {
    return await readContact(queryFor(req, id, parts), optionsOf(req, settings.scopes));
  } catch (error) {
    if (isAppError(error, 'CONTACT_NOT_FOUND')) return undefined;
    throw error;
  }
}
