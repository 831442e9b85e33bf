/**
 * The parts of a contact, which are fetched and cached separately. Every upstream response includes `contact`;
 * the other parts can be requested individually.
 */
export const PARTS = ['contact', 'notes', 'entity', 'profile', 'signals'] as const;
export type Part = (typeof PARTS)[number];

/** The parts that a request can include beside the contact itself. */
export const INCLUDES = ['notes', 'entity', 'profile', 'signals'] as const;
export type Include = (typeof INCLUDES)[number];

export function isPart(name: string): name is Part {
  return (PARTS as readonly string[]).includes(name);
}
