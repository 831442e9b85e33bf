import { contact } from '../../../src/contact/parts/contact.ts';
import { entity } from '../../../src/contact/parts/entity.ts';
import { shapedNames } from '../../../src/contact/shape/shape-fields.ts';
import { fetchContact } from '../../../src/upstream/operations/fetch-contact.ts';
import { updateFields } from '../../../src/upstream/operations/update-fields.ts';
import {
  CONTACT_WRITE_NAMES,
  ENTITY_WRITE_NAMES,
  READ_ONLY_CONTACT_FIELDS,
} from '../../../src/upstream/operations/write-names.ts';
import { ORG, OWNER, postTo, REQUEST, UPDATE_FIELDS } from '../../support/sandbox-servers.ts';
import { upstreamSandbox } from '../../support/upstream-sandbox.ts';

const upstream = upstreamSandbox();

test('every field of a contact is writable or read-only', () => {
  const names = [...Object.keys(CONTACT_WRITE_NAMES), ...READ_ONLY_CONTACT_FIELDS];
  expect(names.toSorted()).toEqual([...shapedNames(contact.table!).values()].toSorted());
});

test('every field of an entity is writable', () => {
  expect(Object.keys(ENTITY_WRITE_NAMES)).toEqual(
    expect.arrayContaining([...shapedNames(entity.table!).values()]),
  );
});

test('no write name of an entity is that of a contact', () => {
  const ofContact: readonly string[] = Object.values(CONTACT_WRITE_NAMES);
  expect(Object.values(ENTITY_WRITE_NAMES).filter((name) => ofContact.includes(name))).toEqual([]);
});

test.each([
  ['contact', contact.table!, CONTACT_WRITE_NAMES],
  ['entity', entity.table!, ENTITY_WRITE_NAMES],
] as const)('every field of %s makes the round trip', async (part, table, writeNames) => {
  for (const [stored, name] of shapedNames(table)) {
    const writeName = (writeNames as Readonly<Record<string, string>>)[name];
    const kind = table.fields[stored]?.kind;
    if (writeName === undefined) continue;
    const value = { text: 'new', flag: 1, list: ['new'], object: { new: 'value' }, time: 'new' }[
      kind ?? 'text'
    ];
    await upstream.call(updateFields, {
      org: ORG,
      contact: REQUEST.contact_id,
      fields: { [writeName]: value },
    });
    const read = await upstream.call(fetchContact, {
      org: ORG,
      // A change of the owner does not hide this contact.
      member: OWNER,
      contact: REQUEST.contact_id,
      parts: ['contact', 'entity'],
    });
    const text = (read[part] as Readonly<Record<string, string>>)[stored];
    expect([name, text]).toEqual([name, expect.stringMatching(kind === 'flag' ? /^1$/ : /new/)]);
  }
});

test("the upstream's field reference lists every write name of a contact", async () => {
  const { data } = await postTo(upstream.servers, UPDATE_FIELDS, { help: true });
  expect(Object.keys(data.contact)).toEqual(expect.arrayContaining(Object.values(CONTACT_WRITE_NAMES)));
});
