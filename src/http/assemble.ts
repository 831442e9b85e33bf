import { emptyObject, isJsonObject, parseJson, type Json } from '../contact/json.ts';
import { PARTS, type Part } from '../contact/parts.ts';
import type { Parts } from '../contact/read-contact.ts';
import { hashOf } from './content-coding.ts';
import type { Fieldsets } from './parse-query.ts';

const CLOSE = Buffer.from('}');
const FIRST_NAMES = namesAfter('{');
const NAMES = namesAfter(',');

function namesAfter(before: string): Readonly<Record<Part, Buffer>> {
  const names = PARTS.map((part) => [part, Buffer.from(`${before}"${part}":`)]);
  return Object.fromEntries(names) as Record<Part, Buffer>;
}

/** The hash of an answer made of these parts: that of the parts in their order, as they are known already. */
export function hashOfParts(parts: Parts): string {
  let joined = '';
  for (const part of PARTS) if (parts[part]) joined += hashOf(parts[part].bytes);
  return joined;
}

/** The JSON object of one contact, in pieces: the bytes of its parts, in the model's order, and what is between. */
export function assembleContact(parts: Parts, fieldsets: Fieldsets): Buffer[] {
  const pieces: Buffer[] = [];
  for (const part of PARTS) {
    const found = parts[part];
    if (!found) continue;
    pieces.push(pieces.length === 0 ? FIRST_NAMES[part] : NAMES[part]);
    pieces.push(selectFields(found.bytes, fieldsets.get(part)));
  }
  pieces.push(CLOSE);
  return pieces;
}

/** The bytes of one part with the named fields alone. Nothing is parsed where all are wanted. */
export function selectFields(bytes: Buffer, fields: ReadonlySet<string> | undefined): Buffer {
  if (!fields) return bytes;
  const value = parseJson(bytes.toString('utf8'));
  return Buffer.from(
    JSON.stringify(
      Array.isArray(value) ? value.map((item: Json) => pick(item, fields)) : pick(value, fields),
    ),
  );
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
export function oldestFetch(parts: Parts): number {
  return Math.min(...Object.values(parts).map((part) => part.fetchedAt));
}
