import { randomUUID } from 'node:crypto';
import { memberOf, ownerOf, saveContact, visibleContactOf } from '../contacts.ts';
import { failure, success } from '../messages.ts';
import { isStoredNote, upstreamTime, type StoredNote } from '../records.ts';
import { CONTACT_ID, isMissing, MEMBER_ID, ORG_ID, type SandboxOperation } from './operation.ts';

/** Adds or updates a note. The messages for another member and an unknown note are not documented. */
export const addNote: SandboxOperation = {
  name: 'addNotestoContact',
  path: '/apis/v2/public/crm/addNotestoContact',
  credentials: 'key and secret',
  required: [CONTACT_ID, ORG_ID, MEMBER_ID, ['note', 'MISSING_NOTE', 'Missing note']],
  carryOut(request) {
    const { body, world } = request;
    const record = visibleContactOf(request);
    const member = memberOf(request);
    if (!record || member === undefined) return failure('NOT_FOUND');
    if (ownerOf(record) !== member) return failure('NOT_OWNER', 'Member is not the contact owner');
    if (typeof body['note'] !== 'string') return failure('INVALID_NOTE', 'Invalid note');

    const notes = record.notes ?? [];
    const id = body['note_id'];
    const existing = isMissing(id) ? undefined : notes.filter(isStoredNote).find((note) => note.id === id);
    if (!isMissing(id) && !existing) return failure('NOTE_NOT_FOUND', 'No such note');
    if (existing && existing.maker !== member && existing.editable !== true)
      return failure('NOTE_NOT_EDITABLE', 'Note is not editable');

    const note: StoredNote = {
      id: existing?.id ?? randomUUID(),
      maker: existing?.maker ?? member,
      content: body['note'],
      created: existing?.created ?? upstreamTime(),
      private: !isSet(body['note_visibility']),
      editable: isSet(body['note_editable']),
    };
    const others = existing ? notes.map((one) => (one === existing ? note : one)) : [...notes, note];
    saveContact(world, { ...record, notes: others });
    return success({
      note_id: note.id,
      note_content: note.content,
      note_visibility: note.private ? '0' : '1',
      note_editable: note.editable ? '1' : '0',
    });
  },
};

function isSet(flag: unknown): boolean {
  return flag === 1 || flag === '1';
}
