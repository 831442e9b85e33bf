import { memberOf, visibleContactOf } from '../contacts.ts';
import { failure, success } from '../messages.ts';
import { isStoredNote, type ContactRecord, type StoredNote } from '../records.ts';
import { CONTACT_ID, MEMBER_ID, ORG_ID, type SandboxOperation } from './operation.ts';

export const fetchContact: SandboxOperation = {
  name: 'fetchContact',
  path: '/apis/v2/public/crm/fetchContact',
  credentials: 'key and secret',
  required: [CONTACT_ID, ORG_ID, MEMBER_ID],
  carryOut(request) {
    const record = visibleContactOf(request);
    if (!record) return failure('NOT_FOUND');
    const member = memberOf(request);
    const isRequested = (flag: string) => request.body[flag] === 1;
    return success({
      notes: isRequested('include_notes')
        ? notesFor(record, (note) => !note.private || note.maker === member)
        : null,
      entity: isRequested('include_entity') ? record.entity : null,
      contact: record.contact,
      signals: isRequested('include_signals') ? record.signals : null,
      contact_profile: isRequested('include_profile') ? record.profile : null,
    });
  },
};

/** Returns the documented fields of the notes that `isVisible` accepts; null if there are none. */
export function notesFor(
  { notes }: ContactRecord,
  isVisible: (note: StoredNote) => boolean,
): readonly object[] | null {
  const visible = (notes ?? []).flatMap((note): object[] => {
    if (!isStoredNote(note)) return [note];
    if (!isVisible(note)) return [];
    return [{ note_maker: note.maker, note_content: note.content, note_date_created: note.created }];
  });
  return visible.length === 0 ? null : visible;
}
