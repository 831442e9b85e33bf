import { z } from 'zod';
import type { ContactRef } from '../../contact/read-contact.ts';
import { CONTACT_REFUSALS, envelopeDecoder, flag, identifier } from '../envelope.ts';
import type { UpstreamOperation } from '../operation.ts';

export interface NoteInput extends ContactRef {
  /** The note to update; undefined adds one. */
  readonly noteId: string | undefined;
  readonly content: string;
  /** Whether members other than its author see the note. */
  readonly visible: boolean;
  readonly editable: boolean;
}

export interface Note {
  readonly id: string;
  readonly content: string;
  readonly visible: boolean;
  readonly editable: boolean;
}

const decode = envelopeDecoder(
  z.object({ note_id: identifier, note_content: z.string(), note_visibility: flag, note_editable: flag }),
  CONTACT_REFUSALS,
);

/**
 * Adds a note to a contact, or replaces a note. The upstream accepts only the owner of the contact. Its message for
 * other members is not documented: a message that contains "owner" is treated as `NOT_CONTACT_OWNER`.
 */
export const addNote: UpstreamOperation<NoteInput, Note> = {
  name: 'addNotestoContact',
  path: '/apis/v2/public/crm/addNotestoContact',
  idempotent: false,
  credentials: 'key and secret',
  body: ({ org, member, contact, noteId, content, visible, editable }, { apiKey, developerSecret }) => ({
    api_key: apiKey,
    developer_secret: developerSecret,
    org_id: org,
    member_id: member,
    contact_id: contact,
    ...(noteId !== undefined && { note_id: noteId }),
    note: content,
    note_visibility: visible ? 1 : 0,
    note_editable: editable ? 1 : 0,
  }),
  decode: (text) => {
    const note = decode(text, (message) =>
      /owner/i.test(message) ? ['NOT_OWNER', 'NOT_CONTACT_OWNER'] : undefined,
    );
    return {
      id: note.note_id,
      content: note.note_content,
      visible: note.note_visibility,
      editable: note.note_editable,
    };
  },
};
