import type { Part } from '../contact/parts.ts';
import type { ContactRef } from '../contact/read-contact.ts';

/** Goes up whenever what is stored under a key changes its meaning. */
const SCHEMA = 1;

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

export function generationKey(org: string, contact: string): string {
  return `${contactPrefix(org, contact)}gen`;
}
