import { addActivity } from './add-activity.ts';
import { addNote } from './add-note.ts';
import { createContact } from './create-contact.ts';
import { fetchContact } from './fetch-contact.ts';
import { fetchIdentifiers } from './fetch-identifiers.ts';
import { fetchMembers } from './fetch-members.ts';
import { lookupContact } from './lookup-contact.ts';
import { updateFields } from './update-fields.ts';
import type { SandboxOperation } from './operation.ts';

/** The operations that the sandbox implements. */
export const OPERATIONS: readonly SandboxOperation[] = [
  fetchContact,
  lookupContact,
  addNote,
  updateFields,
  addActivity,
  createContact,
  fetchMembers,
  fetchIdentifiers,
];
