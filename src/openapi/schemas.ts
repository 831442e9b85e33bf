import { INCLUDES, PART, PARTS, type Include } from '../contact/parts/index.ts';
import { objectSchema, PART_SCHEMAS } from '../contact/schemas.ts';
import { ERROR_CODES } from '../errors.ts';
import { ref, type JsonSchema } from '../lib/json-schema.ts';

/** The code for logs and metrics alone: a client that disconnected receives no response. */
const NEVER_SENT = 'CLIENT_GONE';
export const SENT_CODES = ERROR_CODES.filter((code) => code !== NEVER_SENT);

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
    WrittenNote: {
      type: 'object',
      description: 'A note as it was written.',
      required: ['id', 'content', 'visible', 'editable'],
      properties: {
        id: {
          type: ['string', 'null'],
          description: 'Keep it to replace the note; null if it is not known.',
        },
        content: { type: 'string' },
        visible: { type: 'boolean', description: 'Whether members other than its author see the note.' },
        editable: { type: 'boolean' },
      },
      additionalProperties: false,
    },
    CreatedContact: {
      type: 'object',
      description: 'The ids of a created contact.',
      required: ['id', 'entityId'],
      properties: {
        id: { type: 'string', format: 'uuid' },
        entityId: { type: ['string', 'null'], description: 'The company, if there is one.' },
      },
      additionalProperties: false,
    },
    Member: {
      type: 'object',
      description: 'A member of the organization.',
      required: ['id', 'name'],
      properties: { id: { type: 'string' }, name: { type: 'string' } },
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
      required: ['type', 'title', 'status', 'detail', 'code', 'instance', 'requestId'],
      properties: {
        type: { type: 'string', format: 'uri', description: 'The code as a URN.' },
        title: { type: 'string', description: 'The same for every error of this code.' },
        status: { type: 'integer', description: 'The HTTP status.' },
        detail: { type: 'string', description: 'The error of this request, and how to fix it.' },
        code: ref('schemas', 'ErrorCode'),
        instance: {
          type: 'string',
          description:
            'The requested path, or `urn:uuid:` with the request id if the request could not be parsed.',
        },
        requestId: { type: 'string', description: 'Quote it when you report the error.' },
        outcome: {
          type: 'string',
          enum: ['none', 'unknown'],
          description:
            'Of a failed write: `none` if nothing was changed, `unknown` if it may have been carried out. Absent if the request was refused before the write began.',
        },
      },
      additionalProperties: false,
    },
  };
}

function describedPart(part: Include): JsonSchema {
  return { ...PART_SCHEMAS[part], description: `${PART[part].description}; null if there is none.` };
}
