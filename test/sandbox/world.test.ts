import { readSettings } from '../../src/sandbox/settings.ts';
import { ORGANIZATIONS, blockListOf, makeContacts, makeWorld } from '../../src/sandbox/world.ts';

const make = () => makeWorld(readSettings({}).world);

test('every start creates the same contacts', () => {
  expect(JSON.stringify([...makeContacts()])).toBe(JSON.stringify([...makeContacts()]));
  expect([...make().contacts]).toEqual([...makeContacts()]);
});

test('the seed is fixed, so documentation can quote contact ids', () => {
  const [reference, first] = [...make().contacts.keys()];
  expect(reference).toBe('a1b2c3d4-e5f6-7890-abcd-ef1234567890');
  expect(first).toBe('3c6f7c3b-7b10-4556-a1b0-8e3fa8b9cbf1');
});

test('has a few thousand contacts, with unique UUIDs of version 4', () => {
  const ids = [...make().contacts.keys()].slice(1);
  expect(ids).toHaveLength(3000);
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(ids.filter((id) => !uuid.test(id))).toEqual([]);
});

test('owners and authors of notes are members of the organization', () => {
  const members = new Map(ORGANIZATIONS.map((org) => [org.id, new Set(org.members.map(({ id }) => id))]));
  for (const { org, contact, notes } of make().contacts.values()) {
    const known = members.get(org)!;
    expect(known.has(String(contact['contact_owner']))).toBe(true);
    for (const note of notes ?? []) expect(known.has(String(note.maker))).toBe(true);
  }
});

test('every organization has contacts with and without each part, and hidden contacts', () => {
  for (const { id } of ORGANIZATIONS) {
    const records = [...make().contacts.values()].filter((record) => record.org === id);
    for (const part of ['entity', 'profile', 'signals'] as const) {
      expect(new Set(records.map((record) => record[part] === null))).toEqual(new Set([true, false]));
    }
    expect(new Set(records.map((record) => record.notes?.length === 0))).toEqual(new Set([true, false]));
    expect(new Set(records.map((record) => record.hidden))).toEqual(new Set([true, false]));
  }
});

test('e-mail addresses and telephone numbers are reserved for examples', () => {
  for (const { contact } of [...make().contacts.values()].slice(1)) {
    expect(contact['contact_email']).toMatch(/@example\.(com|org|net)$/);
    expect(contact['contact_phone']).toMatch(/^\+1-555-01\d\d$/);
  }
});

test.each(['', 'localhost', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/x', '10.0.0'])(
  'rejects "%s", which is neither an address nor a range',
  (range) => expect(() => blockListOf([range])).toThrow('IP addresses or CIDR ranges'),
);

test('a range matches the addresses inside it and no others', () => {
  const list = blockListOf(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);
  expect(list.check('10.255.0.1')).toBe(true);
  expect(list.check('11.0.0.1')).toBe(false);
  expect(list.check('192.0.2.7')).toBe(true);
  expect(list.check('192.0.2.8')).toBe(false);
  expect(list.check('2001:db8::1', 'ipv6')).toBe(true);
  expect(list.check('2001:db9::1', 'ipv6')).toBe(false);
});
