import { createHash, randomUUID } from 'node:crypto';
import { saveContact } from './contacts.ts';
import { withFields, type Fields } from './fields.ts';
import type { ContactRecord } from './records.ts';
import { REFERENCE_ENTITY } from './reference-contact.ts';
import type { World } from './world.ts';

export interface Entity {
  readonly id: string;
  readonly fields: Fields;
}

/**
 * Returns the entity of a contact. Contacts of one organization share an entity if its name is the same at the
 * start; afterwards, an entity keeps its id.
 */
export function entityOf({ org, entity, entityId }: ContactRecord): Entity | undefined {
  if (entity === null || typeof entity !== 'object') return undefined;
  const fields = entity as Fields;
  return { id: entityId ?? idFrom(`${org}/${String(fields['entity_name'])}`), fields };
}

export function findEntity(
  { contacts }: World,
  org: string,
  holds: (entity: Entity) => boolean,
): Entity | undefined {
  for (const record of contacts.values()) {
    const entity = record.org === org ? entityOf(record) : undefined;
    if (entity && holds(entity)) return entity;
  }
  return undefined;
}

/** Changes an entity for every contact that has it. */
export function changeEntity(world: World, org: string, id: string, fields: Fields): void {
  for (const record of world.contacts.values()) {
    const entity = record.org === org ? entityOf(record) : undefined;
    if (entity?.id === id)
      saveContact(world, { ...record, entity: withFields(entity.fields, 'entity_', fields), entityId: id });
  }
}

export function newEntity(fields: Fields): Entity {
  const empty = Object.fromEntries(Object.keys(REFERENCE_ENTITY).map((name) => [name, '']));
  const defaults = {
    entity_label: 'Company',
    entity_tags: '[]',
    entity_socials: '{}',
    entity_custom_fields: '{}',
  };
  return { id: randomUUID(), fields: withFields({ ...empty, ...defaults }, 'entity_', fields) };
}

/** Returns a UUID that depends on the text alone. */
function idFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
