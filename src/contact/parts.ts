/**
 * The model that every step shares. A contact is read in parts, each of which the upstream can be asked
 * for on its own (but for `contact`, which comes with every answer), and each of which is cached by itself.
 */
export const PARTS = ['contact', 'notes', 'entity', 'profile', 'signals'] as const;
export type Part = (typeof PARTS)[number];

/** What a request can ask for beside the contact itself. */
export const INCLUDES = ['notes', 'entity', 'profile', 'signals'] as const;
export type Include = (typeof INCLUDES)[number];

export function isPart(name: string): name is Part {
  return (PARTS as readonly string[]).includes(name);
}
