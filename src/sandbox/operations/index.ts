import { addNote } from './add-note.ts';
import { fetchContact } from './fetch-contact.ts';
import { fetchIdentifiers } from './fetch-identifiers.ts';
import { fetchMembers } from './fetch-members.ts';
import type { SandboxOperation } from './operation.ts';

/** The operations that the sandbox implements. */
export const OPERATIONS: readonly SandboxOperation[] = [
  fetchContact,
  addNote,
  fetchMembers,
  fetchIdentifiers,
];
