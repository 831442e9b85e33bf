import { resolve } from './document.js';
import { element, folded, inline } from './elements.js';

/** Describes the type of a schema in a few words. */
function typeOf(schema) {
  const { type, items, anyOf, enum: values, const: constant, format } = resolve(schema);
  if (anyOf) return anyOf.map((option) => typeOf(option)).join(' or ');
  if (values) return values.map((value) => JSON.stringify(value)).join(', ');
  if (constant !== undefined) return JSON.stringify(constant);
  const names = [type ?? 'any value'].flat();
  const words = names.map((name) =>
    name === 'array' && hasType(items) ? `array of ${typeOf(items)}` : name,
  );
  return words.join(' or ') + (format ? ` (${format})` : '');
}

const hasType = (schema) => schema !== undefined && Object.keys(schema).length > 0;

/** Returns the schema of the object that is described by a schema, its items or one of its alternatives. */
function objectOf(schema) {
  if (schema === undefined) return undefined;
  const { properties, items, anyOf = [] } = resolve(schema);
  if (properties) return resolve(schema);
  return [items, ...anyOf].map((part) => objectOf(part)).find(Boolean);
}

/** Returns the fields of an object, with those of nested objects folded; undefined if there are none. */
export function fieldsOf(schema) {
  const object = objectOf(schema);
  if (!object) return undefined;
  const { properties, required = [] } = object;
  const fields = Object.entries(properties).map(([name, field]) => {
    const { description, default: preset } = resolve(field);
    const notes = [
      required.includes(name) && 'required',
      preset !== undefined && `default ${JSON.stringify(preset)}`,
    ];
    const type = [typeOf(field), ...notes].filter(Boolean).join(', ');
    const nested = objectOf(field) && folded(`Fields of ${name}`, () => [fieldsOf(field)]);
    return element(
      'li',
      {},
      element('code', {}, name),
      ' ',
      element('small', {}, type),
      ' ',
      inline(description),
      nested,
    );
  });
  return element('ul', { className: 'fields' }, fields);
}
