import { definePart } from './part.ts';

export const notes = definePart({
  name: 'notes',
  upstream: { flag: 'include_notes', member: 'notes', form: 'list' },
  defaultTtlS: 30,
  schemaName: 'Note',
  title: 'A note',
  description: 'Notes about the contact',
  fieldsExample: 'content,dateCreated',
  table: {
    prefix: 'note_',
    fields: {
      note_maker: {
        kind: 'text',
        description: 'UUID of the member who wrote the note.',
        example: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b',
      },
      note_content: {
        kind: 'text',
        description: 'Text of the note.',
        example: 'Expressed interest in the enterprise plan during the demo call.',
      },
      note_date_created: {
        kind: 'time',
        description: 'When the note was written.',
        example: '2025-03-10T11:00:00Z',
      },
    },
  },
});
