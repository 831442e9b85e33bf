import type { Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';

/** Incremented when the meaning of a stored value changes, except that of leases, which live for a second. */
const SCHEMA = 1;

/** Channels on which processes publish invalidations, completed calls, and their presence. */
export const INVALIDATIONS_CHANNEL = `zbff:${SCHEMA}:invalidations`;
export const COMPLETIONS_CHANNEL = `zbff:${SCHEMA}:completions`;
export const PROCESSES_CHANNEL = `zbff:${SCHEMA}:processes`;
/** Matches the generation keys of all contacts. */
export const GENERATIONS_PATTERN = `zbff:${SCHEMA}:{*}:gen`;

/** Returns the keys to read for these parts: the contact's generation first, then the parts in their order. */
export function readKeys(ref: ContactRef, parts: readonly Part[]): [string, ...string[]] {
  const prefix = contactPrefix(ref.org, ref.contact);
  const keys: [string, ...string[]] = [`${prefix}gen`];
  for (const part of parts) keys.push(`${prefix}${ref.member}:${part}`);
  return keys;
}

/**
 * Returns the common prefix of a contact's keys. Each segment is a lower-case UUID or a constant, so no value
 * can contain a separator. The braces (hash tag) keep a contact's keys in one slot of a Redis Cluster.
 */
function contactPrefix(org: string, contact: string): string {
  return `zbff:${SCHEMA}:{${org}|${contact}}:`;
}

export function partKey(ref: ContactRef, part: Part): string {
  return `${contactPrefix(ref.org, ref.contact)}${ref.member}:${part}`;
}

/** Returns the key of the lease that the process fetching the part holds. */
export function leaseKey(ref: ContactRef, part: Part): string {
  return `${partKey(ref, part)}:lease`;
}

/** Returns the key of the lease that stands for a call without a lease on a part. */
export function callLeaseKey(ref: ContactRef, owner: string): string {
  return `${contactPrefix(ref.org, ref.contact)}${ref.member}:call:${owner}:lease`;
}

/** Returns the channel on which a process receives acknowledgements and probes. */
export function inboxChannel(processId: string): string {
  return `zbff:${SCHEMA}:process:${processId}`;
}

/** Returns the channel on which a process is asked for the entries that it would serve, and gets the replies. */
export function observerChannel(processId: string): string {
  return `zbff:${SCHEMA}:observer:${processId}`;
}

/** Returns the key of the writes that close the contact. */
export function fenceKey(org: string, contact: string): string {
  return `${contactPrefix(org, contact)}fence`;
}

export function generationKey(org: string, contact: string): string {
  return `${contactPrefix(org, contact)}gen`;
}
