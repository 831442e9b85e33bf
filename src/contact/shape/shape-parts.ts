import { isJsonObject, type Json } from '../../lib/json.ts';
import { byPart, type Part } from '../parts/index.ts';
import type { FieldTable } from '../parts/part.ts';
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
  const shapeWith =
    (table: FieldTable) =>
    (value: Json): Json => {
      if (Array.isArray(value)) return value.map(shapeWith(table));
      return isJsonObject(value) ? shapeFields(value, table, readTime) : value;
    };
  const shapers = byPart(({ table }) => (table ? shapeWith(table) : camelCaseDeep));
  return function shapePart(part, value) {
    return shapers[part](value);
  };
}
