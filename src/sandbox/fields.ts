import { REFERENCE_CONTACT, REFERENCE_ENTITY } from './reference-contact.ts';

export type Fields = Readonly<Record<string, unknown>>;
type Prefix = 'contact_' | 'entity_';

/** Stored names that are not the prefix and the write name in snake case. */
const CONTACT_NAMES: Readonly<Record<string, string>> = {
  primaryEmail: 'contact_email',
  primaryPhone: 'contact_phone',
  stageId: 'contact_stageid',
};
const READ_ONLY: readonly string[] = ['contact_id', 'contact_date_created', 'contact_date_updated'];
const LISTS: readonly string[] = ['contact_tags', 'entity_tags'];
const OBJECTS: readonly string[] = ['contact_custom_fields', 'entity_custom_fields', 'entity_socials'];

/** Returns the stored name of a field by its write name, such as `contact_role_label` for `roleLabel`. */
function storedName(prefix: Prefix, writeName: string): string {
  const exception = prefix === 'contact_' ? CONTACT_NAMES : {};
  if (Object.hasOwn(exception, writeName)) return exception[writeName]!;
  return prefix + writeName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Returns the first of the fields that cannot be changed. */
export function readOnlyField(prefix: Prefix, fields: Fields): string | undefined {
  return Object.keys(fields).find((name) => READ_ONLY.includes(storedName(prefix, name)));
}

/**
 * Returns a stored object with new values by write name. Tags and JSON objects are merged, and everything else
 * is replaced. Scalars are stored as strings, as the upstream returns them.
 */
export function withFields(stored: Fields, prefix: Prefix, fields: Fields): Fields {
  const changes = Object.entries(fields).map(([name, value]) => {
    const key = storedName(prefix, name);
    return [key, merged(key, stored[key], value)];
  });
  return { ...stored, ...(Object.fromEntries(changes) as Fields) };
}

function merged(name: string, stored: unknown, value: unknown): string {
  if (LISTS.includes(name)) return JSON.stringify([...new Set([...parsed(stored, []), ...listOf(value)])]);
  if (OBJECTS.includes(name) && typeof value === 'object')
    return JSON.stringify({ ...parsed(stored, {}), ...value });
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function parsed<T>(stored: unknown, fallback: T): T {
  return typeof stored === 'string' && stored !== '' ? (JSON.parse(stored) as T) : fallback;
}

/** Names of an entity's fields that `updateFieldData` takes beside those of a contact. */
const ENTITY_ALONE: readonly string[] = ['website', 'location', 'label', 'socials'];

/**
 * Separates the fields of a contact from those of its entity: names that begin with `entity`, and names that a
 * contact does not have.
 */
export function separateFields(fields: Fields): { readonly contact: Fields; readonly entity: Fields } {
  const entries = Object.entries(fields);
  return {
    contact: Object.fromEntries(entries.filter(([name]) => !isOfEntity(name))),
    entity: entityFields(Object.fromEntries(entries.filter(([name]) => isOfEntity(name)))),
  };
}

function isOfEntity(name: string): boolean {
  return /^entity[A-Z]/.test(name) || ENTITY_ALONE.includes(name);
}

/** Removes the prefix `entity` from names. */
export function entityFields(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name.replace(/^entity([A-Z])/, (_prefix, letter: string) => letter.toLowerCase()),
      value,
    ]),
  );
}

/** Returns the names that `updateFieldData` takes, with the kind of their values. */
export function fieldReference(): object {
  const contact = Object.keys(REFERENCE_CONTACT)
    .filter((name) => !READ_ONLY.includes(name))
    .map((name) => [contactWriteName(name), kindOf(name)]);
  const entity = Object.keys(REFERENCE_ENTITY).map((name) => [camelCase(name), kindOf(name)]);
  return { contact: Object.fromEntries(contact) as object, entity: Object.fromEntries(entity) as object };
}

function contactWriteName(stored: string): string {
  const exception = Object.keys(CONTACT_NAMES).find((name) => CONTACT_NAMES[name] === stored);
  return exception ?? camelCase(stored.replace('contact_', ''));
}

function kindOf(stored: string): string {
  if (LISTS.includes(stored)) return 'list';
  return OBJECTS.includes(stored) ? 'object' : 'text';
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}
