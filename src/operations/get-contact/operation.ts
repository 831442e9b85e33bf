import { PARTS } from '../../contact/parts/index.ts';
import { PART_EXAMPLES } from '../../contact/schemas.ts';
import { ref } from '../../lib/json-schema.ts';
import { thenMaybe } from '../../lib/maybe-promise.ts';
import { assembleContact } from '../assemble.ts';
import { defineRead } from '../operation.ts';
import { parseContactId, parseFieldsets, parseInclude, queryOf } from '../parse-query.ts';
import { contactIdOf, queryFor, readOptions, readScopes } from '../read-request.ts';
import { representationOf } from '../representation.ts';

const ALONE = { contact: PART_EXAMPLES.contact };
const WITH_INCLUDES = { ...ALONE, notes: PART_EXAMPLES.notes, entity: PART_EXAMPLES.entity };

/** `GET /contacts/:id`: one contact with the requested includes. */
export const getContact = defineRead({
  id: 'getContact',
  method: 'get',
  path: '/contacts/:id',
  parse: (req) => parseInclude(queryOf(req)),
  scopes: readScopes,
  handle(req, parts, { readContact, settings }) {
    const fieldsets = parseFieldsets(queryOf(req));
    const found = readContact(queryFor(req, contactIdOf(req), parts), readOptions(req, settings.scopes));
    return thenMaybe(found, (contact) =>
      representationOf(req, assembleContact(contact, fieldsets), contact, fieldsets),
    );
  },
  docs: {
    summary: 'Read a contact',
    description: () => 'Returns one contact with the requested includes.',
    parameters: ['ContactId', 'Include'],
    parts: PARTS,
    success: {
      description: 'The contact.',
      members: { data: ref('schemas', 'ContactParts') },
      examples: {
        alone: { summary: 'The contact alone', value: { data: ALONE } },
        includes: { summary: 'With notes and company', value: { data: WITH_INCLUDES } },
        none: { summary: 'A contact without a company', value: { data: { ...ALONE, entity: null } } },
      },
    },
    errors: ['CONTACT_NOT_FOUND', 'PRECONDITION_FAILED'],
    invalid: () => [
      () => parseContactId('42'),
      () => parseInclude({ include: 'photos' }),
      () => parseFieldsets({ 'fields[deal]': 'name' }),
    ],
    head: {
      id: 'headContact',
      summary: 'Read the headers of a contact',
      description:
        'Returns the status and headers of GET, without the body. Every GET route supports HEAD, and errors have no body either.',
    },
  },
});
