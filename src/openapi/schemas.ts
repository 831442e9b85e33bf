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

/** The proxy's own use of the number: nothing is sent to a client that has gone. */
const NEVER_SENT = 'CLIENT_GONE';
export const SENT_CODES = ERROR_CODES.filter((code) => code !== NEVER_SENT);

/** The schema of each part's value, `null` included where the CRM may have none. */
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
  profile: 'What enrichment found out about the contact',
  signals: 'What the contact did: engagement signals',
};

/** Every schema that the paths refer to. */
export function componentSchemas(): Record<string, JsonSchema> {
  return {
    Contact: fieldsSchema(CONTACT_FIELDS, CONTACT_NOTES, 'A contact'),
    Note: fieldsSchema(NOTE_FIELDS, NOTE_NOTES, 'A note'),
    Entity: fieldsSchema(ENTITY_FIELDS, ENTITY_NOTES, 'A company'),
    Profile: loose(PART_TEXTS.profile),
    Signals: loose(PART_TEXTS.signals),
    ContactParts: {
      type: 'object',
      description: 'A contact with the includes that were asked for, and no other.',
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
        id: { type: 'string', description: 'The id as it was asked for.' },
        status: { type: 'integer', description: 'The HTTP status that this contact alone would have had.' },
        code: ref('schemas', 'ErrorCode'),
        title: { type: 'string' },
      },
      additionalProperties: false,
    },
    ErrorCode: {
      type: 'string',
      enum: SENT_CODES,
      description: 'What went wrong. The list is closed and its names are stable: switch on this.',
    },
    Problem: {
      type: 'object',
      description: 'An error (RFC 9457).',
      required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
      properties: {
        type: { type: 'string', format: 'uri', description: 'The code once more, as a URN.' },
        title: { type: 'string', description: 'The same for every error of this code.' },
        status: { type: 'integer', description: 'The HTTP status.' },
        detail: { type: 'string', description: 'What is wrong with this request, and what to do.' },
        code: ref('schemas', 'ErrorCode'),
        instance: { type: 'string', description: 'The path that was asked for.' },
        requestId: { type: 'string', description: 'Quote it when you report the error.' },
      },
      additionalProperties: false,
    },
  };
}

function loose(text: string): JsonSchema {
  return {
    type: ['object', 'array'],
    description: `${text}. The CRM documents no fields here: their names are camelCase, their values as the CRM sent them.`,
  };
}

function describedPart(part: Include): JsonSchema {
  return { ...PART_SCHEMAS[part], description: `${PART_TEXTS[part]}; null where there is none.` };
}

function fieldsSchema(table: FieldTable, notes: FieldNotes, what: string): JsonSchema {
  const properties = [...shapedNames(table)].map(([name, shaped]) => {
    const note = notes[shaped];
    if (!note) throw new Error(`no description of the field ${shaped}`);
    return [shaped, fieldSchema(table.kinds[name]!, note)];
  });
  return {
    type: 'object',
    description: `${what}. Fields that the CRM adds, such as your organization's own, come along under their camelCase names.`,
    properties: Object.fromEntries(properties) as Record<string, JsonSchema>,
    required: Object.keys(notes).filter((name) => notes[name]!.always),
    additionalProperties: true,
  };
}

/** A known field whose value cannot be read comes as the string that the CRM sent, hence `string`. */
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
