import type { Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';

/** Goes up whenever what is stored under a key changes its meaning, but for leases, which live for a second. */
const SCHEMA = 1;

/** Where processes tell each other of invalidations, and of calls that have ended. */
export const INVALIDATIONS_CHANNEL = `zbff:${SCHEMA}:invalidations`;
export const COMPLETIONS_CHANNEL = `zbff:${SCHEMA}:landings`;

/**
 * The keys that a read of these parts takes: the contact's generation first, then the parts in their order.
 */
export function readKeys(ref: ContactRef, parts: readonly Part[]): [string, ...string[]] {
  const prefix = contactPrefix(ref.org, ref.contact);
  const keys: [string, ...string[]] = [`${prefix}gen`];
  for (const part of parts) keys.push(`${prefix}${ref.member}:${part}`);
  return keys;
}

/**
 * Every piece is a lower-case UUID or a name of ours, so no value can reach over a separator. The braces
 * keep a contact's keys in one slot of a Redis Cluster.
 */
function contactPrefix(org: string, contact: string): string {
  return `zbff:${SCHEMA}:{${org}|${contact}}:`;
}

export function partKey(ref: ContactRef, part: Part): string {
  return `${contactPrefix(ref.org, ref.contact)}${ref.member}:${part}`;
}

/** Held by whoever is fetching the part. */
export function leaseKey(ref: ContactRef, part: Part): string {
  return `${partKey(ref, part)}:lease`;
}

export function generationKey(org: string, contact: string): string {
  return `${contactPrefix(org, contact)}gen`;
}
