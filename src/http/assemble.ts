import { emptyObject, isJsonObject, parseJson, type Json } from '../lib/json.ts';
import { PARTS, type Part } from '../contact/parts.ts';
import type { ContactParts } from '../contact/read-contact.ts';
import type { Fieldsets } from './parse-query.ts';

/**
 * Bytes, each as the character of its value (latin1). Joining such costs nothing, since nothing is copied until
 * all of it goes out, and it goes out together with the header, which bytes in a buffer do not.
 */
export type Latin1String = string;

const FIRST_NAMES = namesAfter('{');
const NAMES = namesAfter(',');

function namesAfter(before: string): Readonly<Record<Part, string>> {
  const names = PARTS.map((part) => [part, `${before}"${part}":`]);
  return Object.fromEntries(names) as Record<Part, string>;
}

/** The hash of an answer made of these parts: that of the parts in their order, as they are known already. */
export function hashOfParts(parts: ContactParts): string {
  let joined = '';
  for (const part of PARTS) if (parts[part]) joined += parts[part].contentHash;
  return joined;
}

/** The JSON object of one contact: the bytes of its parts, in the model's order. */
export function assembleContact(parts: ContactParts, fieldsets: Fieldsets): Latin1String {
  let object = '';
  for (const part of PARTS) {
    const found = parts[part];
    if (!found) continue;
    object += object === '' ? FIRST_NAMES[part] : NAMES[part];
    object += selectFields(found.bytes, fieldsets.get(part));
  }
  return `${object}}`;
}

/** The bytes of one part with the named fields alone. Nothing is parsed where all are wanted. */
export function selectFields(bytes: Buffer, fields: ReadonlySet<string> | undefined): Latin1String {
  if (!fields) return bytes.toString('latin1');
  const value = parseJson(bytes.toString('utf8'));
  const picked = Array.isArray(value) ? value.map((item: Json) => pick(item, fields)) : pick(value, fields);
  return Buffer.from(JSON.stringify(picked)).toString('latin1');
}

function pick(value: Json, fields: ReadonlySet<string>): Json {
  if (!isJsonObject(value)) return value;
  const picked = emptyObject();
  for (const name of Object.keys(value)) {
    if (name === 'id' || fields.has(name)) picked[name] = value[name]!;
  }
  return picked;
}

/** When the oldest of the parts was fetched. */
export function oldestFetch(parts: ContactParts): number {
  let oldest = Infinity;
  for (const part of PARTS) {
    const found = parts[part];
    if (found && found.fetchedAt < oldest) oldest = found.fetchedAt;
  }
  return oldest;
}
