import { INCLUDES, type Include } from '../../contact/parts/index.ts';
import { PART_EXAMPLES, PART_SCHEMAS } from '../../contact/schemas.ts';
import { thenMaybe } from '../../lib/maybe-promise.ts';
import { selectFields } from '../assemble.ts';
import { defineRead, type Operation } from '../operation.ts';
import { parseContactId, parseFieldsets, queryOf } from '../parse-query.ts';
import { contactIdOf, queryFor, readOptions, readScopes } from '../read-request.ts';
import { representationOf } from '../representation.ts';

/** `GET /contacts/:id/<include>`: one include alone. */
export const getContactParts: readonly Operation[] = INCLUDES.map(getContactPart);

function getContactPart(part: Include): Operation {
  const parts = [part];
  return defineRead({
    id: `getContact${part[0]!.toUpperCase()}${part.slice(1)}`,
    method: 'get',
    path: `/contacts/:id/${part}`,
    parse: () => parts,
    scopes: readScopes,
    handle(req, _parts, { readContact, settings }) {
      const fieldsets = parseFieldsets(queryOf(req));
      const found = readContact(queryFor(req, contactIdOf(req), parts), readOptions(req, settings.scopes));
      return thenMaybe(found, (contact) =>
        representationOf(req, selectFields(contact[part]!.bytes, fieldsets.get(part)), contact, fieldsets),
      );
    },
    docs: {
      summary: `Read the ${part} of a contact`,
      description: () =>
        `Returns one include alone, from the same cache as \`include=${part}\`. \`data\` is null if the contact has no such data.`,
      parameters: ['ContactId'],
      parts,
      success: {
        description: `The ${part}.`,
        members: { data: PART_SCHEMAS[part] },
        examples: {
          found: { summary: 'Found', value: { data: PART_EXAMPLES[part] } },
          none: { summary: 'Not found in the CRM', value: { data: null } },
        },
      },
      errors: ['CONTACT_NOT_FOUND', 'PRECONDITION_FAILED'],
      invalid: () => [() => parseContactId('42'), () => parseFieldsets({ 'fields[deal]': 'name' })],
    },
  });
}
