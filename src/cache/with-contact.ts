import type { Part } from '../contact/parts/index.ts';

/** Adds `contact` to the parts, because a not-found is stored under it. */
export function withContact(parts: readonly Part[]): readonly Part[] {
  return parts.includes('contact') ? parts : ['contact', ...parts];
}
