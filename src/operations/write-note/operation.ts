import type { Request } from 'express';
import { z } from 'zod';
import type { ContactRef } from '../../contact/read-contact.ts';
import { AppError } from '../../errors.ts';
import { ref as schemaRef } from '../../lib/json-schema.ts';
import { isJsonObject, parseJson, type Json } from '../../lib/json.ts';
import { addNote, type Note } from '../../upstream/operations/add-note.ts';
import { characters, flag } from '../body-schemas.ts';
import { JSON_BODY, type ParsedBody } from '../body.ts';
import { defineBodyOperation, type Operation, type Result } from '../operation.ts';
import { readNow, NO_CALLER } from '../read-contact-now.ts';
import type { OperationServices } from '../services.ts';
import { parseContactId } from '../parse-query.ts';
import { changeContact, performWrite, refOf } from '../write.ts';

const MAX_LENGTH = 10_000;
const CONTENT = `must be a text of 1 to ${MAX_LENGTH} characters that is not blank`;

const NOTE = z.strictObject({
  content: characters(MAX_LENGTH, CONTENT).refine((text) => text.trim() !== '', { error: CONTENT }),
  visible: flag.default(false),
  editable: flag.default(false),
});
type NoteBody = z.output<typeof NOTE>;

const EXAMPLE = { content: 'Asked for a call next week.', visible: true, editable: false };

/** `POST /contacts/:id/notes`: adds a note. */
export const createNote = defineNote({
  id: 'createNote',
  method: 'post',
  path: '/contacts/:id/notes',
  status: 201,
  summary: 'Add a note to a contact',
  parameters: ['ContactId'],
});

/** `PUT /contacts/:id/notes/:noteId`: replaces a note whose id the caller has kept. */
export const replaceNote = defineNote({
  id: 'replaceNote',
  method: 'put',
  path: '/contacts/:id/notes/:noteId',
  status: 200,
  summary: 'Replace a note of a contact',
  parameters: ['ContactId', 'NoteId'],
});

/** A note whose id is not known: the CRM does not list ids. */
type WrittenNote = NoteBody & { readonly id: string | null };

interface NoteOperation {
  readonly id: string;
  readonly method: 'post' | 'put';
  readonly path: string;
  readonly status: 200 | 201;
  readonly summary: string;
  readonly parameters: readonly string[];
}

function defineNote({ id, method, path, status, summary, parameters }: NoteOperation): Operation {
  const resultOf = (note: Note | WrittenNote): Result => ({
    status,
    headers: [],
    value: { data: { ...note } },
  });
  return defineBodyOperation({
    id,
    method,
    path,
    ...(method === 'put' && { isWriteOnly: true }),
    scope: 'writeNotes',
    body: { schema: NOTE, mediaTypes: JSON_BODY },
    async handle(req: Request, { body, json }: ParsedBody<NoteBody>, services) {
      const ref = refOf(req);
      const noteId = method === 'put' ? noteIdOf(req) : undefined;
      return performWrite(req, services, {
        operation: id,
        json,
        ref,
        attempt: {
          prepare: () => countNotes(services, ref, body.content),
          execute: async (requireLease) =>
            resultOf(
              await changeContact(req, services, ref, {
                allowAny: false,
                call: () => {
                  requireLease();
                  return services.upstream(addNote, { ...ref, ...body, noteId }, NO_CALLER);
                },
              }),
            ),
          async reconcile(before) {
            const count = await countNotes(services, ref, body.content);
            return count > Number(before) ? resultOf({ id: noteId ?? null, ...body }) : undefined;
          },
        },
      });
    },
    docs: {
      summary,
      description: () =>
        'Only the owner of the contact may write notes. A note that is not `visible` is shown to its author alone.',
      parameters,
      parts: [],
      body: { example: EXAMPLE },
      success: {
        status,
        description: 'The note.',
        members: { data: schemaRef('schemas', 'WrittenNote') },
        examples: { note: { value: { data: { id: '4711', ...EXAMPLE } } } },
      },
      errors: ['CONTACT_NOT_FOUND', 'NOT_CONTACT_OWNER', 'UPSTREAM_REFUSED'],
      invalid: () => [() => parseContactId('42')],
    },
  });
}

/** Counts the member's notes with this content. More than before the first attempt: it was carried out. */
async function countNotes(services: OperationServices, ref: ContactRef, content: string): Promise<number> {
  const { notes } = await readNow(services, ref, ['notes']);
  const list = parseJson(notes!.bytes.toString('utf8'));
  const isOwn = (note: Json): boolean => {
    if (!isJsonObject(note) || note['content'] !== content) return false;
    return typeof note['maker'] === 'string' && note['maker'].toLowerCase() === ref.member;
  };
  return Array.isArray(list) ? list.filter(isOwn).length : 0;
}

const NOTE_ID = /^[A-Za-z0-9._-]{1,64}$/;

function noteIdOf(req: Request): string {
  const id = req.params['noteId'];
  if (typeof id === 'string' && NOTE_ID.test(id)) return id;
  throw new AppError('INVALID_REQUEST', {
    detail: 'The note id has 1 to 64 letters, digits, dots, dashes and underscores.',
  });
}
