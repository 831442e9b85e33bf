import { contact } from './contact.ts';
import { entity } from './entity.ts';
import { notes } from './notes.ts';
import type { PartDescriptor } from './part.ts';
import { profile } from './profile.ts';
import { signals } from './signals.ts';

/**
 * The parts of a contact, in the order of a response. They are fetched and cached separately. Every upstream
 * response includes `contact`; the other parts can be requested individually.
 */
const DESCRIPTORS = [contact, notes, entity, profile, signals] as const;

export type Part = (typeof DESCRIPTORS)[number]['name'];
/** The parts that a request can include beside the contact itself. */
export type Include = Exclude<Part, 'contact'>;

export const PARTS: readonly Part[] = DESCRIPTORS.map(({ name }) => name);
export const INCLUDES = PARTS.filter((part): part is Include => part !== 'contact');

/** Returns an object with one value per part. */
export function byPart<Value>(valueOf: (part: PartDescriptor<Part>) => Value): Record<Part, Value> {
  return Object.fromEntries(DESCRIPTORS.map((part) => [part.name, valueOf(part)])) as Record<Part, Value>;
}

/** The descriptors by name. */
export const PART: Readonly<Record<Part, PartDescriptor<Part>>> = byPart((part) => part);

export function isPart(name: string): name is Part {
  return Object.hasOwn(PART, name);
}
