import { createClient, ProblemError } from '../../src/client/index.ts';
import type { ContactWith, Contacts, ErrorCode, Include, Note } from '../../src/client/index.ts';

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
  // @ts-expect-error unknown field
  void withBoth.entity?.webSite;

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

export function errorTypes(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  // @ts-expect-error unknown code
  return error.code === 'NO_SUCH_CODE' || error.code === 'CONTACT_NOT_FOUND';
}

test('the client has the methods getContact, getContacts and getPart', () => {
  expect(Object.keys(neverSent).toSorted()).toEqual(['getContact', 'getContacts', 'getPart']);
});
