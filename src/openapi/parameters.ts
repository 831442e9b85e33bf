import { z } from 'zod';
import { isWrite } from '../operations/mount.ts';
import type { Operation } from '../operations/operation.ts';
import { PART, PARTS, type Part } from '../contact/parts/index.ts';
import { fieldList, idList, includeList } from '../operations/request-schemas.ts';
import { uuidString } from '../lib/uuid-schema.ts';
import { ref, type JsonSchema } from '../lib/json-schema.ts';

const EXAMPLE_ID = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';

/** Returns the sentence that describes the other spellings of a list parameter. */
function listSpellings(name: string): string {
  return ` A repeated parameter, \`${name}[]=…\` and \`${name}[0]=…\` work as well.`;
}

/** Returns every parameter, described by the schema that validates it. */
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
      description: `1 to ${maxBatchSize} contact ids, separated by commas. A repeated id is returned once.${listSpellings('ids')}`,
      schema: jsonSchema(idList(maxBatchSize)),
      example: [EXAMPLE_ID],
    },
    Include: {
      name: 'include',
      in: 'query',
      style: 'form',
      explode: false,
      description: `The includes to return with the contact, separated by commas, in any order. Request only the includes that you show: each is cached separately.${listSpellings('include')}`,
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
        'The `ETag` of a stored response, in any content coding. Returns 412 if none of the listed tags is current.',
      schema: { type: 'string' },
    },
    IfNoneMatch: {
      name: 'If-None-Match',
      in: 'header',
      description: 'The `ETag` of a stored response. Returns 304 without a body if it is still current.',
      schema: { type: 'string' },
    },
    CacheControl: {
      name: 'Cache-Control',
      in: 'header',
      description:
        '`no-cache` bypasses the cache and fetches from the CRM; `no-store` keeps the response out of the cache. Both require a token with the scope `cache:bypass` and are ignored without it. All other directives are ignored.',
      schema: { type: 'string' },
    },
    NoteId: {
      name: 'noteId',
      in: 'path',
      required: true,
      description: 'Id of the note, from the response that created it.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
    },
    IdempotencyKey: {
      name: 'Idempotency-Key',
      in: 'header',
      description:
        'A new random value for each write. A repeated request with the same key does not write again: it gets the response of the first one, with `Idempotency-Replayed: true`, also if the CRM has refused the write. If nothing has reached the CRM, or the proxy was refused, the key is free again.',
      schema: { type: 'string', minLength: 1, maxLength: 257 },
      example: '"6f8f2d4e-6d0b-4b5c-8d9a-2f0f6f9f0c11"',
    },
    Prefer: {
      name: 'Prefer',
      in: 'header',
      description:
        '`return=representation` returns the current contact, as the caller sees it, with the parts of `include`, instead of the usual response (RFC 7240). It requires the scopes of a read.',
      schema: { type: 'string' },
    },
    RequestId: {
      name: 'X-Request-Id',
      in: 'header',
      description: 'Your own id for the request. The response repeats it, and our logs contain it.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
    },
    TraceParent: {
      name: 'traceparent',
      in: 'header',
      description: 'W3C Trace Context. The proxy continues the trace.',
      schema: { type: 'string', pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}' },
    },
  };
}

/** The parameters that every operation of a kind has. */
const OF_REPRESENTATIONS = ['IfMatch', 'IfNoneMatch', 'CacheControl'];
const OF_WRITES = ['Include', 'IdempotencyKey', 'Prefer'];
const OF_ALL = ['RequestId', 'TraceParent'];

/** Returns the parameters of an operation, as references. */
export function parameters(operation: Operation) {
  const { docs } = operation;
  const ofResults = isWrite(operation) ? OF_WRITES : [];
  const ofKind = docs.success.status === undefined ? OF_REPRESENTATIONS : ofResults;
  const names = [...docs.parameters, ...docs.parts.map(fieldsName), ...ofKind, ...OF_ALL];
  return names.map((name) => ref('parameters', name));
}

/** Returns the input side of a zod schema, without `$schema`: the dialect is the default of OpenAPI 3.1. */
export function jsonSchema(schema: z.ZodType, more: JsonSchema = {}): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return { ...rest, ...more };
}

function fieldsName(part: Part): string {
  return `Fields${part[0]!.toUpperCase()}${part.slice(1)}`;
}

function fieldsParameter(part: Part): JsonSchema {
  const id = part === 'contact' ? ' `id` is always included.' : '';
  return {
    name: `fields[${part}]`,
    in: 'query',
    description: `The fields of \`${part}\` to send, such as \`${PART[part].fieldsExample}\`. The default is all fields.${id} Unknown names are ignored.`,
    schema: jsonSchema(fieldList),
  };
}
