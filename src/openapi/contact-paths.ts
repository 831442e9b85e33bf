import { INCLUDES, PARTS, type Include } from '../contact/parts/index.ts';
import { idsParser, parseContactId, parseFieldsets, parseInclude } from '../http/parse-query.ts';
import { responseHeaders } from './headers.ts';
import { ref, type JsonSchema } from './json-schema.ts';
import { parameters } from './parameters.ts';
import { failures, thrownBy } from './problems.ts';
import { PART_EXAMPLES, PART_SCHEMAS } from './schemas.ts';

export interface ContactPathOptions {
  readonly maxBatchSize: number;
  readonly scopes: { readonly read: string; readonly includes: Partial<Record<Include, string>> };
}

const NOT_AN_ID = thrownBy(() => parseContactId('42'));
const NOT_AN_INCLUDE = thrownBy(() => parseInclude({ include: 'photos' }));
const NOT_A_PART = thrownBy(() => parseFieldsets({ 'fields[deal]': 'name' }));

const ALONE = { contact: PART_EXAMPLES.contact };
const WITH_INCLUDES = { ...ALONE, notes: PART_EXAMPLES.notes, entity: PART_EXAMPLES.entity };

/** Returns the routes that require a token. */
export function contactPaths(options: ContactPathOptions): Record<string, JsonSchema> {
  return {
    '/contacts/{id}': { get: getContact(options), head: headContact(options) },
    ...Object.fromEntries(
      INCLUDES.map((part) => [`/contacts/{id}/${part}`, { get: getPart(part, options) }]),
    ),
    '/contacts': { get: getContacts(options) },
  };
}

function getContact(options: ContactPathOptions): JsonSchema {
  return {
    operationId: 'getContact',
    summary: 'Read a contact',
    description: `Returns one contact with the requested includes.${scopeNote(INCLUDES, options)}`,
    tags: ['Contacts'],
    security: security(options),
    parameters: parameters(PARTS, 'ContactId', 'Include'),
    responses: {
      200: found('The contact.', ref('schemas', 'ContactParts'), {
        alone: { summary: 'The contact alone', value: { data: ALONE } },
        includes: { summary: 'With notes and company', value: { data: WITH_INCLUDES } },
        none: { summary: 'A contact without a company', value: { data: { ...ALONE, entity: null } } },
      }),
      304: NOT_MODIFIED,
      ...failures([NOT_AN_ID, NOT_AN_INCLUDE, NOT_A_PART], { batch: false }),
    },
  };
}

function headContact(options: ContactPathOptions): JsonSchema {
  const get = getContact(options);
  return {
    ...get,
    operationId: 'headContact',
    summary: 'Read the headers of a contact',
    description:
      'Returns the status and headers of GET, without the body. Every GET route supports HEAD, and errors have no body either.',
    responses: Object.fromEntries(
      Object.entries(get['responses'] as Record<string, JsonSchema>).map(([status, response]) => [
        status,
        '$ref' in response
          ? response
          : { description: response['description'], headers: response['headers'] },
      ]),
    ),
  };
}

function getPart(part: Include, options: ContactPathOptions): JsonSchema {
  const name = `${part[0]!.toUpperCase()}${part.slice(1)}`;
  return {
    operationId: `getContact${name}`,
    summary: `Read the ${part} of a contact`,
    description: `Returns one include alone, from the same cache as \`include=${part}\`. \`data\` is null if the CRM has none.${scopeNote([part], options)}`,
    tags: ['Contacts'],
    security: security(options),
    parameters: parameters([part], 'ContactId'),
    responses: {
      200: found(`The ${part}.`, PART_SCHEMAS[part], {
        found: { summary: 'Found', value: { data: PART_EXAMPLES[part] } },
        none: { summary: 'Not found in the CRM', value: { data: null } },
      }),
      304: NOT_MODIFIED,
      ...failures([NOT_AN_ID, NOT_A_PART], { batch: false }),
    },
  };
}

function getContacts(options: ContactPathOptions): JsonSchema {
  const notIds = thrownBy(() => idsParser(options.maxBatchSize)({ ids: '42' }));
  const failure = {
    id: '00000000-0000-4000-8000-000000000000',
    status: 404,
    code: 'CONTACT_NOT_FOUND',
    title: 'Contact not found',
  };
  const success = found(
    'The contacts that were found and the failures, each in the order of `ids`.',
    { type: 'array', items: ref('schemas', 'ContactParts') },
    { one: { summary: 'One found, one not', value: { data: [ALONE], errors: [failure] } } },
    { errors: { type: 'array', items: ref('schemas', 'ContactFailure') } },
  );
  return {
    operationId: 'getContacts',
    summary: 'Read several contacts',
    description: `Returns up to ${options.maxBatchSize} contacts in one call. Each contact succeeds or fails on its own, so check \`errors\`, too. The call counts as one request per contact against the rate limit. A batch larger than the limit is rejected with \`INVALID_IDS\`.${scopeNote(INCLUDES, options)}`,
    tags: ['Contacts'],
    security: security(options),
    parameters: parameters(PARTS, 'ContactIds', 'Include'),
    responses: {
      200: success,
      304: NOT_MODIFIED,
      ...failures([notIds, NOT_AN_INCLUDE, NOT_A_PART], { batch: true }),
    },
  };
}

const CONTACT_HEADERS = responseHeaders(
  'ETag',
  'Cache-Control',
  'Age',
  'Vary',
  'Cache-Status',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
);
const NOT_MODIFIED = { description: 'Not modified.', headers: CONTACT_HEADERS };

function found(
  description: string,
  data: JsonSchema,
  examples: JsonSchema,
  more: Record<string, JsonSchema> = {},
) {
  const properties = { data, ...more };
  const schema = {
    type: 'object',
    required: Object.keys(properties),
    properties,
    additionalProperties: false,
  };
  return { description, headers: CONTACT_HEADERS, content: { 'application/json': { schema, examples } } };
}

function security({ scopes }: ContactPathOptions) {
  return [{ bearer: [scopes.read] }];
}

function scopeNote(parts: readonly Include[], { scopes }: ContactPathOptions): string {
  const own = parts.flatMap((part) =>
    scopes.includes[part] === undefined ? [] : [`\`${part}\` the scope \`${scopes.includes[part]}\``],
  );
  return ` Requires the scope \`${scopes.read}\`${own.length > 0 ? `; ${own.join(', ')}` : ''}.`;
}
