import { z } from 'zod';
import { PARTS, type Part } from '../contact/parts.ts';
import { fieldList, idList, includeList, uuidString } from '../http/request-schemas.ts';
import { ref, type JsonSchema } from './json-schema.ts';

const EXAMPLE_ID = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';

const FIELD_EXAMPLES: Readonly<Record<Part, string>> = {
  contact: 'name,email',
  notes: 'content,dateCreated',
  entity: 'name,website',
  profile: 'jobTitle',
  signals: 'signalType,signalCount',
};

/** The other ways to write a list, for a parameter's description. */
function listSpellings(name: string): string {
  return ` A repeated parameter, \`${name}[]=…\` and \`${name}[0]=…\` work as well.`;
}

/** Every parameter, described by the schema that checks it. */
export function componentParameters(maxBatchSize: number): Record<string, JsonSchema> {
  return {
    ContactId: {
      name: 'id',
      in: 'path',
      required: true,
      description: 'UUID of the contact, in lower or upper case.',
      schema: jsonSchema(uuidString, { format: 'uuid' }),
      example: EXAMPLE_ID,
    },
    ContactIds: {
      name: 'ids',
      in: 'query',
      required: true,
      style: 'form',
      explode: false,
      description: `1 to ${maxBatchSize} contact ids, separated by commas. An id that comes twice is answered once.${listSpellings('ids')}`,
      schema: jsonSchema(idList(maxBatchSize)),
      example: [EXAMPLE_ID],
    },
    Include: {
      name: 'include',
      in: 'query',
      style: 'form',
      explode: false,
      description: `What to send beside the contact itself, separated by commas, in any order. Ask only for what you show: each include is cached by itself.${listSpellings('include')}`,
      schema: jsonSchema(includeList),
      examples: {
        none: { summary: 'The contact alone', value: [] },
        two: { summary: 'Notes and company', value: ['notes', 'entity'] },
      },
    },
    ...Object.fromEntries(PARTS.map((part) => [fieldsName(part), fieldsParameter(part)])),
    IfMatch: {
      name: 'If-Match',
      in: 'header',
      description:
        'The `ETag` of a response that you have, in any coding: 412 if none of the listed tags is current.',
      schema: { type: 'string' },
    },
    IfNoneMatch: {
      name: 'If-None-Match',
      in: 'header',
      description: 'The `ETag` of an answer that you have: 304 without a body where it still holds.',
      schema: { type: 'string' },
    },
    CacheControl: {
      name: 'Cache-Control',
      in: 'header',
      description:
        '`no-cache` asks the CRM itself; `no-store` keeps the response out of the cache. Both need a token with the scope `cache:bypass` and are ignored without it. All other directives are ignored.',
      schema: { type: 'string' },
    },
    RequestId: {
      name: 'X-Request-Id',
      in: 'header',
      description: 'Your own name for the request. It is returned, and found in our logs.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
    },
    TraceParent: {
      name: 'traceparent',
      in: 'header',
      description: 'W3C Trace Context, to be continued.',
      schema: { type: 'string', pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}' },
    },
  };
}

/** The parameters of an operation that reads these parts, by reference. */
export function parameters(parts: readonly Part[], ...own: readonly string[]) {
  const names = [
    ...own,
    ...parts.map(fieldsName),
    'IfMatch',
    'IfNoneMatch',
    'CacheControl',
    'RequestId',
    'TraceParent',
  ];
  return names.map((name) => ref('parameters', name));
}

/** What a schema of zod's takes, without the dialect, which is OpenAPI's own. */
export function jsonSchema(schema: z.ZodType, more: JsonSchema = {}): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return { ...rest, ...more };
}

function fieldsName(part: Part): string {
  return `Fields${part[0]!.toUpperCase()}${part.slice(1)}`;
}

function fieldsParameter(part: Part): JsonSchema {
  const id = part === 'contact' ? ' `id` always stays.' : '';
  return {
    name: `fields[${part}]`,
    in: 'query',
    description: `The fields of \`${part}\` to send, such as \`${FIELD_EXAMPLES[part]}\`; without it, all of them.${id} Names that are not there are ignored.`,
    schema: jsonSchema(fieldList),
  };
}
