import type { Part } from '../contact/parts/index.ts';
import type { ContactParts, ContactRef, ReadOptions } from '../contact/read-contact.ts';
import { isJsonObject, parseJson, type JsonObject } from '../lib/json.ts';
import type { OperationServices } from './services.ts';

/** The options of an upstream call that goes on if its caller leaves; the upstream's timeout bounds it. */
export const NO_CALLER = { signal: new AbortController().signal } as const;
const FRESH: ReadOptions = { ...NO_CALLER, bypass: true, noStore: false, onCacheOutcome: () => {} };

/**
 * Reads parts of a contact as the member, never older than the call.
 *
 * @throws AppError `CONTACT_NOT_FOUND` if the member does not see the contact.
 */
export async function readNow(
  { readContact }: Pick<OperationServices, 'readContact'>,
  ref: ContactRef,
  parts: readonly Part[] = ['contact'],
): Promise<ContactParts> {
  return readContact({ ...ref, parts }, FRESH);
}

/** Returns the API value of the contact itself. */
export function contactOf({ contact }: ContactParts): JsonObject {
  const value = parseJson(contact!.bytes.toString('utf8'));
  return isJsonObject(value) ? value : {};
}
