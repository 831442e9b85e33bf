import { addActivity } from '../../../src/upstream/operations/add-activity.ts';
import { addNote } from '../../../src/upstream/operations/add-note.ts';
import { createContact } from '../../../src/upstream/operations/create-contact.ts';
import { fetchContact } from '../../../src/upstream/operations/fetch-contact.ts';
import { fetchIdentifiers } from '../../../src/upstream/operations/fetch-identifiers.ts';
import { fetchMembers } from '../../../src/upstream/operations/fetch-members.ts';
import { lookupContact } from '../../../src/upstream/operations/lookup-contact.ts';
import { updateFields } from '../../../src/upstream/operations/update-fields.ts';

/** The members of every operation's input that its decoder reads. */
const INPUT = { mode: 'upsert', parts: ['contact'] } as never;
const SILENT = JSON.stringify({ status: 'success' });
const error = (message: string) => JSON.stringify({ status: 'error', data: [message] });
const failure = (code: string, reason: string) =>
  expect.objectContaining({ code, details: expect.objectContaining({ reason }) });

test.each([
  { operation: addNote, message: 'Missing note' },
  { operation: addActivity, message: 'Missing comms type' },
  { operation: addActivity, message: 'Missing comms data' },
  { operation: createContact, message: 'Missing contact' },
  { operation: updateFields, message: 'Missing fields' },
  { operation: lookupContact, message: 'Missing search string' },
  { operation: fetchIdentifiers, message: 'No such contact' },
])('$operation.name: "$message" is a refusal, because it is not documented', ({ operation, message }) => {
  expect(() => operation.decode(error(message), INPUT)).toThrow(
    failure('UPSTREAM_REFUSED', 'UNKNOWN_MESSAGE'),
  );
});

test('an error of fetchContact does not hold a message that is not documented', () => {
  const thrown = failure('UPSTREAM_BAD_RESPONSE', 'UNKNOWN_MESSAGE');
  expect(() => fetchContact.decode(error('a secret'), INPUT)).toThrow(thrown);
  try {
    fetchContact.decode(error('a secret'), INPUT);
  } catch (caught) {
    expect(JSON.stringify(caught)).not.toContain('a secret');
  }
});

test.each([updateFields, addActivity])('$name: a success without data is a success', (operation) => {
  expect(operation.decode(SILENT, INPUT)).toBeUndefined();
});

test.each([fetchContact, lookupContact, addNote, createContact, fetchMembers, fetchIdentifiers])(
  '$name: a success without data is a bad response',
  (operation) => {
    expect(() => operation.decode(SILENT, INPUT)).toThrow(
      failure('UPSTREAM_BAD_RESPONSE', 'NOT_THE_ENVELOPE'),
    );
  },
);
