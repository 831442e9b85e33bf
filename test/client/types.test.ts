import { createClient, ProblemError } from '../../src/client/index.ts';
import type {
  ContactWith,
  Contacts,
  Entity,
  ErrorCode,
  Include,
  Note,
  WrittenNote,
} from '../../src/client/index.ts';

/**
 * The compiler checks these types: `tsc` fails if it accepts an invalid line or rejects a valid one.
 * No request is sent.
 */
const neverSent = createClient({ baseUrl: '', token: '', fetch: () => new Promise(() => {}) });

type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
function same<A, B>(_equal: Equal<A, B>): void {}

export async function contactTypes(client: typeof neverSent, some: Include[], one: 'notes' | 'entity') {
  const alone = await client.getContact('id');
  alone.contact.id.toLowerCase();
  // @ts-expect-error notes were not requested
  void alone.notes;

  const withNotes = await client.getContact('id', { include: ['notes'] });
  same<typeof withNotes.notes, Note[] | null>(true);
  // @ts-expect-error the entity was not requested
  void withNotes.entity;
  // @ts-expect-error notes can be null
  void withNotes.notes.length;

  const withBoth = await client.getContact('id', { include: ['entity', 'signals'] });
  withBoth.entity?.website?.trim();
  withBoth.signals satisfies object | null;
  same<typeof withBoth.entity, Entity | null>(true);
  // Fields of the organization have unknown values.
  same<typeof alone.contact.ourOwnField, unknown>(true);
  same<NonNullable<typeof withBoth.entity>['ourOwnField'], unknown>(true);
  // @ts-expect-error the value of such a field has to be checked
  alone.contact.ourOwnField.trim();
  // @ts-expect-error known fields keep their types
  alone.contact.name satisfies number;

  const optional = await client.getContact('id', { include: some });
  same<typeof optional.notes, Note[] | null | undefined>(true);

  const either = await client.getContact('id', { include: [one] });
  // @ts-expect-error the include can be the entity instead
  void either.notes;
  if ('notes' in either) same<typeof either.notes, Note[] | null>(true);

  // @ts-expect-error unknown include
  await client.getContact('id', { include: ['photos'] });
  await client.getContact('id', { fields: { contact: ['name', 'ourOwnField'], signals: ['any'] } });
  // @ts-expect-error unknown part
  await client.getContact('id', { fields: { deal: ['name'] } });
}

export async function otherTypes(client: typeof neverSent) {
  same<Awaited<ReturnType<typeof client.getPart<'notes'>>>, Note[] | null>(true);
  const entity = await client.getPart('id', 'entity');
  entity?.name?.trim();
  // @ts-expect-error the contact is not an include
  await client.getPart('id', 'contact');

  const batch = await client.getContacts(['id'], { include: ['notes'] });
  same<typeof batch, Contacts<readonly ['notes']>>(true);
  batch.data[0] satisfies ContactWith<['notes']> | undefined;
  batch.errors[0]?.code satisfies ErrorCode | undefined;
}

export async function writeTypes(client: typeof neverSent, prefer: 'minimal' | 'representation') {
  const note = await client.addNote('id', { content: 'text' });
  same<typeof note, WrittenNote>(true);
  const updated = await client.updateContact(
    'id',
    {
      contact: { stageId: '4', tags: { add: ['vip'] }, ourOwnField: 1 },
      entity: { website: 'https://a.example' },
    },
    { prefer: 'representation', ifMatch: '"1"' },
  );
  same<typeof updated, ContactWith<[]> | undefined>(true);
  // @ts-expect-error a flag is a boolean
  await client.updateContact('id', { contact: { emailOptout: '1' } });
  const either = await client.addNote('id', { content: 'text' }, { prefer });
  same<typeof either, ContactWith<[]> | WrittenNote>(true);
  // @ts-expect-error the CRM would merge a plain list
  await client.updateContact('id', { contact: { tags: ['vip'] } });
  // @ts-expect-error null is not accepted
  await client.updateContact('id', { contact: { name: null } });
  // @ts-expect-error only an update has a precondition
  await client.addNote('id', { content: 'text' }, { ifMatch: '"1"' });

  const found = await client.lookupContact({ email: 'a@b.example' }, { include: ['notes'] });
  same<typeof found, ContactWith<readonly ['notes']> | null>(true);
  // @ts-expect-error two criteria
  await client.lookupContact({ email: 'a@b.example', phone: '1' });
  const { id } = await client.createContact({ contact: { email: 'a@b.example' } });
  id satisfies string;
  await client.addActivity('id', { type: 'call', data: { seconds: 60 } });
  (await client.getMembers())[0]?.name satisfies string | undefined;
}

export function errorTypes(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  // @ts-expect-error unknown code
  return error.code === 'NO_SUCH_CODE' || error.code === 'CONTACT_NOT_FOUND';
}

test('the client has a method for each operation', () => {
  expect(Object.keys(neverSent).toSorted()).toEqual([
    'addActivity',
    'addNote',
    'createContact',
    'getContact',
    'getContacts',
    'getMembers',
    'getPart',
    'lookupContact',
    'updateContact',
    'updateNote',
  ]);
});
