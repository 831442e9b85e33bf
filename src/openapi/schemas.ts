import { INCLUDES, type Include, type Part } from '../contact/parts.ts';
import { ERROR_CODES } from '../errors.ts';
import {
  CONTACT_FIELDS,
  ENTITY_FIELDS,
  NOTE_FIELDS,
  type FieldTable,
  type ValueKind,
} from '../shape/field-table.ts';
import { shapedNames } from '../shape/shape-fields.ts';
import { CONTACT_NOTES, ENTITY_NOTES, NOTE_NOTES, type FieldNote, type FieldNotes } from './fields.ts';
import { orNull, ref, type JsonSchema } from './json-schema.ts';

/** The code for logs and metrics alone: a client that disconnected receives no response. */
const NEVER_SENT = 'CLIENT_GONE';
export const SENT_CODES = ERROR_CODES.filter((code) => code !== NEVER_SENT);

/** The schema of each part's value, with `null` if the CRM may have none. */
export const PART_SCHEMAS: Readonly<Record<Part, JsonSchema>> = {
  contact: ref('schemas', 'Contact'),
  notes: { type: ['array', 'null'], items: ref('schemas', 'Note') },
  entity: orNull(ref('schemas', 'Entity')),
  profile: orNull(ref('schemas', 'Profile')),
  signals: orNull(ref('schemas', 'Signals')),
};

export const PART_EXAMPLES: Readonly<Record<Part, unknown>> = {
  contact: exampleOf(CONTACT_NOTES),
  notes: [exampleOf(NOTE_NOTES)],
  entity: exampleOf(ENTITY_NOTES),
  profile: { jobTitle: 'Head of Operations', companySize: '51-200' },
  signals: [{ signalType: 'email_opened', signalCount: '7', signalLastSeen: '2025-03-19 08:12:00' }],
};

const PART_TEXTS: Readonly<Record<Include, string>> = {
  notes: 'Notes about the contact',
  entity: 'The company that the contact belongs to',
  profile: 'Enrichment data about the contact',
  signals: 'Engagement signals of the contact',
};

/** Returns every schema that the paths refer to. */
export function componentSchemas(): Record<string, JsonSchema> {
  return {
    Contact: fieldsSchema(CONTACT_FIELDS, CONTACT_NOTES, 'A contact'),
    Note: fieldsSchema(NOTE_FIELDS, NOTE_NOTES, 'A note'),
    Entity: fieldsSchema(ENTITY_FIELDS, ENTITY_NOTES, 'A company'),
    Profile: loose(PART_TEXTS.profile),
    Signals: loose(PART_TEXTS.signals),
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

function loose(text: string): JsonSchema {
  return {
    type: ['object', 'array'],
    description: `${text}. The CRM does not document these fields. Names are converted to camelCase; values are passed through unchanged.`,
  };
}

function describedPart(part: Include): JsonSchema {
  return { ...PART_SCHEMAS[part], description: `${PART_TEXTS[part]}; null if there is none.` };
}

function fieldsSchema(table: FieldTable, notes: FieldNotes, title: string): JsonSchema {
  const properties = [...shapedNames(table)].map(([name, shaped]) => {
    const note = notes[shaped];
    if (!note) throw new Error(`no description of the field ${shaped}`);
    return [shaped, fieldSchema(table.kinds[name]!, note)];
  });
  return {
    type: 'object',
    description: `${title}. Further fields of the CRM, such as your organization's own, are included under their camelCase names.`,
    properties: Object.fromEntries(properties) as Record<string, JsonSchema>,
    required: Object.keys(notes).filter((name) => notes[name]!.always),
    additionalProperties: true,
  };
}

/** Returns the schema of a known field. It allows `string`: a value that cannot be parsed is passed through. */
function fieldSchema(kind: ValueKind, { description, example, json, always }: FieldNote): JsonSchema {
  const common = { description, examples: [example] };
  switch (kind) {
    case 'flag':
      return { type: ['boolean', 'string', 'null'], ...common };
    case 'time':
      return { type: ['string', 'null'], format: 'date-time', ...common };
    case 'text':
      return { type: always ? 'string' : ['string', 'null'], ...common };
    case 'json':
      return json === 'list'
        ? { type: ['array', 'string', 'null'], items: {}, ...common }
        : {
            anyOf: [{ type: 'object', additionalProperties: true }, { type: ['string', 'null'] }],
            ...common,
          };
  }
}

function exampleOf(notes: FieldNotes): Record<string, unknown> {
  return Object.fromEntries(Object.entries(notes).map(([name, { example }]) => [name, example]));
}
