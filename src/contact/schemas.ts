import { orNull, ref, type JsonSchema } from '../lib/json-schema.ts';
import { byPart } from './parts/index.ts';
import type { Field, FieldTable, PartDescriptor } from './parts/part.ts';
import { shapedNames } from './shape/shape-fields.ts';

/** The schema of each part's value, with `null` if a contact can lack it. */
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

/** Returns the schema of a part's object. */
export function objectSchema({ table, title }: PartDescriptor): JsonSchema {
  if (!table)
    return {
      type: ['object', 'array'],
      items: {},
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
