import { isJsonObject, type Json } from '../../lib/json.ts';

/** A list of names is one of fields if it has this many known ones. Other lists describe the request. */
const MIN_KNOWN = 3;
const MAX_DEPTH = 8;
/** Members that name a field in a list of descriptions, such as `[{ "name": "firstName", "type": "text" }]`. */
const NAMING = ['name', 'field', 'fieldName', 'field_name', 'key'];

export interface FieldReference {
  /** The names in lists of fields. */
  readonly listed: ReadonlySet<string>;
  /** Those, and all words of texts. */
  readonly mentioned: ReadonlySet<string>;
}

/**
 * Reads the upstream's reference of fields. Its form is not documented, so every list and object with several
 * known names is taken for a list of fields.
 */
export function readFieldReference(reference: Json, known: ReadonlySet<string>): FieldReference {
  const listed = new Set<string>();
  const mentioned = new Set<string>();
  visit(reference, MAX_DEPTH);
  return { listed, mentioned };

  function visit(value: Json, depth: number): void {
    if (typeof value === 'string') value.match(/\w+/g)?.forEach((word) => mentioned.add(word));
    if (typeof value !== 'object' || value === null || depth === 0) return;
    const names = namesIn(value);
    names.forEach((name) => mentioned.add(name));
    if (names.filter((name) => known.has(name)).length >= MIN_KNOWN)
      names.forEach((name) => listed.add(name));
    for (const [name, member] of Object.entries(value)) {
      // The type and the example of a field can have members of their own.
      if (!(isJsonObject(value) && known.has(name) && listed.has(name))) visit(member, depth - 1);
    }
  }
}

function namesIn(value: Json): readonly string[] {
  if (isJsonObject(value)) return Object.keys(value);
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: Json) => {
    if (typeof item === 'string') return [item];
    if (!isJsonObject(item)) return [];
    const naming = NAMING.find((name) => typeof item[name] === 'string');
    return naming === undefined ? [] : [item[naming] as string];
  });
}
