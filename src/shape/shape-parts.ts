import type { Part } from '../contact/parts.ts';
import { CONTACT_FIELDS, ENTITY_FIELDS, NOTE_FIELDS } from './field-table.ts';
import { isJsonObject, type Json } from '../lib/json.ts';
import { localTimeReader } from './local-time.ts';
import { camelCaseDeep, shapeFields } from './shape-fields.ts';

/** Converts a part's upstream value to its API value. */
export type ShapePart = (part: Part, value: Json) => Json;

/**
 * Creates the function that shapes parts.
 *
 * @param options.timezone IANA name of the zone of the upstream's times.
 */
export function partShaper(options: { readonly timezone: string }): ShapePart {
  const readTime = localTimeReader(options.timezone);
  const fieldsWith =
    (table: typeof CONTACT_FIELDS) =>
    (value: Json): Json =>
      isJsonObject(value) ? shapeFields(value, table, readTime) : value;
  const shapeNote = fieldsWith(NOTE_FIELDS);
  const byPart: Record<Part, (value: Json) => Json> = {
    contact: fieldsWith(CONTACT_FIELDS),
    entity: fieldsWith(ENTITY_FIELDS),
    notes: (value) => (Array.isArray(value) ? value.map(shapeNote) : value),
    profile: camelCaseDeep,
    signals: camelCaseDeep,
  };
  return function shapePart(part, value) {
    return byPart[part](value);
  };
}
