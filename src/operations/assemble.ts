import { emptyObject, isJsonObject, parseJson, type Json } from '../lib/json.ts';
import { PARTS, type Part } from '../contact/parts/index.ts';
import type { ContactParts } from '../contact/read-contact.ts';
import type { Latin1String } from '../http/respond.ts';
import type { Fieldsets } from './parse-query.ts';

const FIRST_NAMES = namesAfter('{');
const NAMES = namesAfter(',');

function namesAfter(before: string): Readonly<Record<Part, string>> {
  const names = PARTS.map((part) => [part, `${before}"${part}":`]);
  return Object.fromEntries(names) as Record<Part, string>;
}

/** Returns the hash of a response: the known hashes of its parts, in the model's order. */
export function hashOfParts(parts: ContactParts): string {
  let joined = '';
  for (const part of PARTS) if (parts[part]) joined += parts[part].contentHash;
  return joined;
}

/** Returns the JSON object of one contact: the bytes of its parts, in the model's order. */
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

/** Returns one part with `id` and the named fields only. Without `fields` the part is not parsed. */
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

/** Returns the time at which the oldest part was fetched. */
export function oldestFetch(parts: ContactParts): number {
  let oldest = Infinity;
  for (const part of PARTS) {
    const found = parts[part];
    if (found && found.fetchedAt < oldest) oldest = found.fetchedAt;
  }
  return oldest;
}
