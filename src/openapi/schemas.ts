import { byPart, INCLUDES, PART, PARTS, type Include } from '../contact/parts/index.ts';
import type { Field, FieldTable, PartDescriptor } from '../contact/parts/part.ts';
import { ERROR_CODES } from '../errors.ts';
import { shapedNames } from '../contact/shape/shape-fields.ts';
import { orNull, ref, type JsonSchema } from './json-schema.ts';

/** The code for logs and metrics alone: a client that disconnected receives no response. */
const NEVER_SENT = 'CLIENT_GONE';
export const SENT_CODES = ERROR_CODES.filter((code) => code !== NEVER_SENT);

/** The schema of each part's value, with `null` if the CRM may have none. */
export const PART_SCHEMAS = byPart(({ name, schemaName, upstream }): JsonSchema => {
  const schema = ref('schemas', schemaName);
  if (upstream.form === 'list') return { type: ['array', 'null'], items: schema };
  return name === 'contact' ? schema : orNull(schema);
});

/** An example of each part's value. */
export const PART_EXAMPLES = byPart(({ table, example, upstream }): unknown => {
  if (!table) return example;
  const one = exampleOf(table);
  return upstream.form === 'list' ? [one] : one;
});

/** Returns every schema that the paths refer to. */
export function componentSchemas(): Record<string, JsonSchema> {
  return {
    ...Object.fromEntries(PARTS.map((part) => [PART[part].schemaName, objectSchema(PART[part])])),
    ContactParts: {
      type: 'object',
      description: 'A contact with exactly the requested includes.',
      required: ['contact'],
      properties: {
        contact: PART_SCHEMAS.contact,
        ...Object.fromEntries(INCLUDES.map((part) => [part, describedPart(part)])),
      },
      additionalProperties: false,
    },
    ContactFailure: {
      type: 'object',
      description: 'One contact of a batch that could not be read.',
      required: ['id', 'status', 'code', 'title'],
      properties: {
        id: { type: 'string', description: 'The id as it was requested.' },
        status: { type: 'integer', description: 'The HTTP status of a request for this contact alone.' },
        code: ref('schemas', 'ErrorCode'),
        title: { type: 'string' },
      },
      additionalProperties: false,
    },
    ErrorCode: {
      type: 'string',
      enum: SENT_CODES,
      description: 'The kind of error. The list is closed and its names are stable: switch on this.',
    },
    Problem: {
      type: 'object',
      description: 'An error (RFC 9457).',
      required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
      properties: {
        type: { type: 'string', format: 'uri', description: 'The code as a URN.' },
        title: { type: 'string', description: 'The same for every error of this code.' },
        status: { type: 'integer', description: 'The HTTP status.' },
        detail: { type: 'string', description: 'The error of this request, and how to fix it.' },
        code: ref('schemas', 'ErrorCode'),
        instance: { type: 'string', description: 'The requested path.' },
        requestId: { type: 'string', description: 'Quote it when you report the error.' },
      },
      additionalProperties: false,
    },
  };
}

function describedPart(part: Include): JsonSchema {
  return { ...PART_SCHEMAS[part], description: `${PART[part].description}; null if there is none.` };
}

/** Returns the schema of a part's object. */
function objectSchema({ table, title }: PartDescriptor): JsonSchema {
  if (!table)
    return {
      type: ['object', 'array'],
      description: `${title}. The CRM does not document these fields. Names are converted to camelCase; values are passed through unchanged.`,
    };
  const fields = namedFields(table);
  return {
    type: 'object',
    description: `${title}. Further fields of the CRM, such as your organization's own, are included under their camelCase names.`,
    properties: Object.fromEntries(fields.map(([name, field]) => [name, fieldSchema(field)])),
    required: fields.filter(([, { always }]) => always).map(([name]) => name),
    additionalProperties: true,
  };
}

/** Returns the schema of a known field. It allows `string`: a value that cannot be parsed is passed through. */
function fieldSchema({ kind, description, example, always }: Field): JsonSchema {
  const common = { description, examples: [example] };
  switch (kind) {
    case 'flag':
      return { type: ['boolean', 'string', 'null'], ...common };
    case 'time':
      return { type: ['string', 'null'], format: 'date-time', ...common };
    case 'text':
      return { type: always ? 'string' : ['string', 'null'], ...common };
    case 'list':
      return { type: ['array', 'string', 'null'], items: {}, ...common };
    case 'object':
      return {
        anyOf: [{ type: 'object', additionalProperties: true }, { type: ['string', 'null'] }],
        ...common,
      };
  }
}

function exampleOf(table: FieldTable): Record<string, unknown> {
  return Object.fromEntries(namedFields(table).map(([name, { example }]) => [name, example]));
}

/** Returns the known fields by API name. */
function namedFields(table: FieldTable): [string, Field][] {
  return [...shapedNames(table)].map(([name, shaped]) => [shaped, table.fields[name]!]);
}
