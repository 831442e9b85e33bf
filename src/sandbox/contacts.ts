import type { OperationRequest } from './operations/operation.ts';
import type { ContactRecord } from './records.ts';
import { ORGANIZATIONS, type World } from './world.ts';

/** Returns the organization of a request in lower case; undefined if it is not one of the account's. */
export function orgOf({ body, account }: OperationRequest): string | undefined {
  const org = lowerCase(body['org_id']);
  return account.orgs.includes(org) ? org : undefined;
}

/** Returns the acting member in lower case; undefined if it is not a member of the organization. */
export function memberOf(request: OperationRequest): string | undefined {
  const org = orgOf(request);
  const member = lowerCase(request.body['member_id']);
  return ORGANIZATIONS.find(({ id }) => id === org)?.members.some(({ id }) => id === member)
    ? member
    : undefined;
}

/** Returns the contact of a request; undefined if it is unknown or in another organization. */
export function contactOf(request: OperationRequest): ContactRecord | undefined {
  const record = request.world.contacts.get(lowerCase(request.body['contact_id']));
  return record && record.org === orgOf(request) ? record : undefined;
}

/** Returns the contact of a request if the acting member may see it. */
export function visibleContactOf(request: OperationRequest): ContactRecord | undefined {
  const member = memberOf(request);
  const record = contactOf(request);
  return member !== undefined && record && isVisible(record, member) ? record : undefined;
}

/** A hidden contact is visible to its owner alone. */
export function isVisible(record: ContactRecord, member: string): boolean {
  return !record.hidden || ownerOf(record) === member;
}

export function saveContact({ contacts }: Pick<World, 'contacts'>, record: ContactRecord): void {
  contacts.set(idOf(record), record);
}

export function ownerOf({ contact }: ContactRecord): string {
  return lowerCase(contact['contact_owner']);
}

export function idOf({ contact }: ContactRecord): string {
  return lowerCase(contact['contact_id']);
}

function lowerCase(value: unknown): string {
  return String(value).toLowerCase();
}
