import { createContact } from './create-contact/operation.ts';
import { getContactParts } from './get-contact-part/operation.ts';
import { getContact } from './get-contact/operation.ts';
import { listContacts } from './list-contacts/operation.ts';
import { listMembers } from './list-members/operation.ts';
import { logActivity } from './log-activity/operation.ts';
import { lookupContact } from './lookup-contact/operation.ts';
import { patchContact } from './patch-contact/operation.ts';
import { createNote, replaceNote } from './write-note/operation.ts';
import type { Operation } from './operation.ts';

/** The operations of the public port that require a token, in the order of the OpenAPI description. */
export const OPERATIONS: readonly Operation[] = [
  getContact,
  ...getContactParts,
  listContacts,
  createContact,
  patchContact,
  lookupContact,
  createNote,
  replaceNote,
  logActivity,
  listMembers,
];
