import { z } from 'zod';
import { PART } from '../contact/parts/index.ts';
import type { Field } from '../contact/parts/part.ts';
import { shapedNames } from '../contact/shape/shape-fields.ts';
import { emptyObject, isJsonObject, type Json, type JsonObject } from '../lib/json.ts';
import { invalidBody } from './body.ts';

/** The parts whose fields can be changed. */
export type WritablePart = 'contact' | 'entity';

/** The fields of a part by the names that GET returns. Their values are checked by `writeFields`. */
export const FIELDS = z
  .custom<JsonObject>((value) => isJsonObject(value) && Object.keys(value).length > 0, {
    error: 'must be an object with at least one field',
  })
  .meta({ type: 'object', minProperties: 1, description: 'Fields by the names that GET returns.' });

const byApiName: Readonly<Record<WritablePart, ReadonlyMap<string, Field>>> = {
  contact: fieldsOf('contact'),
  entity: fieldsOf('entity'),
};

function fieldsOf(part: WritablePart): ReadonlyMap<string, Field> {
  const { table } = PART[part];
  return new Map([...shapedNames(table!)].map(([name, shaped]) => [shaped, table!.fields[name]!]));
}

/** Other spellings of a name that the upstream might take for it, such as `contact_owner` of `owner`. */
function aliasOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .replace(/^(contact|entity)+/, '');
}

interface ProtectedField {
  readonly name: string;
  readonly field: Field;
}

const protectedInContact = protectedIn('contact');
/**
 * The fields that not every writer may change, by alias: no other spelling of one passes through. A company has
 * those of a contact, too, although GET is not documented to return them.
 */
const protectedFields: Readonly<Record<WritablePart, ReadonlyMap<string, ProtectedField>>> = {
  contact: protectedInContact,
  entity: new Map([...protectedInContact, ...protectedIn('entity')]),
};

function protectedIn(part: WritablePart): ReadonlyMap<string, ProtectedField> {
  const found = [...byApiName[part]].filter(([, { write }]) => write !== undefined);
  return new Map(found.map(([name, field]) => [aliasOf(name), { name, field }]));
}

/**
 * Converts fields from the form of GET to that of the upstream's write operations: write names, and flags as 0
 * and 1. A field without a descriptor passes through under its name.
 *
 * @param options.mayWriteAny permits fields that only those may change who may change any contact.
 * @throws AppError `INVALID_BODY` that names a field which is read-only or has a wrong type.
 */
export function writeFields(
  part: WritablePart,
  fields: JsonObject,
  { mayWriteAny }: { readonly mayWriteAny: boolean },
): JsonObject {
  const written = emptyObject();
  for (const [name, value] of Object.entries(fields)) {
    const path = `${part}.${name}`.slice(0, MAX_PATH_LENGTH);
    const guarded = protectedFields[part].get(aliasOf(name));
    if (guarded && !(guarded.field.write === 'any' && mayWriteAny)) throw wrong(path, 'is read-only');
    if (guarded && guarded.name !== name) throw wrong(path, `must be named ${JSON.stringify(guarded.name)}`);
    const field = guarded?.field ?? byApiName[part].get(name);
    const writeName = field?.writeName ?? name;
    if (Object.hasOwn(written, writeName))
      throw wrong(path, 'names a field that the body has under another name');
    written[writeName] = writtenValue(path, value, field);
  }
  return written;
}

const MAX_PATH_LENGTH = 80;

function writtenValue(path: string, value: Json, field: Field | undefined): Json {
  if (holdsNull(value)) throw wrong(path, 'must not be or hold null, because the CRM cannot remove a value');
  switch (field?.kind) {
    case undefined:
      return value;
    case 'flag':
      if (typeof value !== 'boolean') throw wrong(path, 'must be true or false');
      return value ? 1 : 0;
    case 'list':
      return added(path, value);
    case 'object':
      if (!isJsonObject(value)) throw wrong(path, 'must be an object');
      return value;
    case 'text':
    case 'time':
      if (typeof value !== 'string') throw wrong(path, 'must be a text');
      return value;
  }
}

function holdsNull(value: Json): boolean {
  if (typeof value !== 'object') return false;
  return value === null || Object.values(value as object).some((one: Json) => holdsNull(one));
}

const ADDITION = z.strictObject({ add: z.array(z.string().min(1)).min(1).max(100) });

/** The upstream merges lists and cannot remove from them, so a plain list would promise too much. */
function added(path: string, value: Json): Json {
  const addition = ADDITION.safeParse(value);
  if (addition.success) return addition.data.add;
  throw wrong(path, 'must be { "add": [ … ] } with texts: the CRM adds to the list and cannot replace it');
}

function wrong(path: string, problem: string) {
  return invalidBody(`The member ${JSON.stringify(path)} ${problem}.`);
}

/** Returns the name of a company's field beside those of a contact: `entityName` for `name`. */
export function besideContact(name: string): string {
  return `entity${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/** Returns the names of all known fields in `updateFieldData`, by whether a caller can change them. */
export function updateNames(): Readonly<Record<'writable' | 'readOnly', readonly string[]>> {
  const names: Record<'writable' | 'readOnly', string[]> = { writable: [], readOnly: [] };
  for (const part of ['contact', 'entity'] as const) {
    for (const [apiName, field] of byApiName[part]) {
      const name = field.writeName ?? apiName;
      names[field.write === 'no' ? 'readOnly' : 'writable'].push(
        part === 'entity' ? besideContact(name) : name,
      );
    }
  }
  for (const { name } of protectedFields.entity.values()) names.readOnly.push(besideContact(name));
  return names;
}

/** Returns whether a contact has the values of a write, in the form of GET. */
export function hasFields(current: JsonObject, fields: JsonObject): boolean {
  return Object.entries(fields).every(([name, value]) => contains(current[name], value));
}

/** Whether a value is the written one, or holds it: lists and objects are merged by the upstream. */
function contains(current: Json | undefined, written: Json): boolean {
  if (isJsonObject(written)) {
    const { add } = written;
    if (Array.isArray(add) && Array.isArray(current)) return add.every((one) => current.includes(one));
    return isJsonObject(current) && hasFields(current, written);
  }
  return JSON.stringify(current) === JSON.stringify(written);
}
