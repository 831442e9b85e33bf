import { hasFields, writeFields } from '../../src/operations/write-fields.ts';

const OWN = { mayWriteAny: false };
const ANY = { mayWriteAny: true };

test('converts to write names and forms, and passes unknown fields through', () => {
  const fields = {
    stageId: 'stage',
    emailOptout: true,
    dnc: false,
    tags: { add: ['vip'] },
    customFields: { industry: 'Mining' },
    shoe_size: 43,
  };
  expect(writeFields('contact', fields, OWN)).toMatchObject({
    emailOptout: 1,
    dnc: 0,
    customFields: { industry: 'Mining' },
    shoe_size: 43,
  });
  expect(JSON.stringify(writeFields('contact', fields, OWN))).toContain('["vip"]');
});

test.each(['owner', 'contact_owner', 'contactOwner', 'OWNER'])(
  'only writers of any contact change %s',
  (name) => {
    expect(() => writeFields('contact', { [name]: 'member' }, OWN)).toThrow(
      expect.objectContaining({ code: 'INVALID_BODY' }),
    );
  },
);

test('such a writer has to use its name', () => {
  expect(Object.values(writeFields('contact', { owner: 'member' }, ANY))).toEqual(['member']);
  expect(() => writeFields('contact', { contact_owner: 'member' }, ANY)).toThrow(
    expect.objectContaining({ code: 'INVALID_BODY' }),
  );
});

const DATES = ['dateCreated', 'date_created', 'DATE-CREATED', 'dateUpdated', 'contactDateCreated'];
const READ_ONLY = {
  contact: ['id', 'ID', 'contact_id', 'contactId', 'Contact-Id', 'contact_date_updated', ...DATES],
  entity: [
    'id',
    'entity_id',
    'entityId',
    'entityContactId',
    'entityDateCreated',
    'entity_date_updated',
    ...DATES,
  ],
};

describe.each(['contact', 'entity'] as const)('%s', (part) => {
  test.each(READ_ONLY[part])('%s is read-only, for writers of any contact as well', (name) => {
    for (const options of [OWN, ANY])
      expect(() => writeFields(part, { [name]: 'x' }, options)).toThrow(
        expect.objectContaining({ code: 'INVALID_BODY' }),
      );
  });
});

test.each(['owner', 'entity_owner', 'entityOwner', 'Owner'])(
  'only writers of any contact change %s of a company, under its name',
  (name) => {
    const write = (options: typeof OWN) => writeFields('entity', { [name]: 'member' }, options);
    const refused = expect.objectContaining({ code: 'INVALID_BODY' });
    expect(() => write(OWN)).toThrow(refused);
    if (name === 'owner') expect(write(ANY)).toMatchObject({ owner: 'member' });
    else expect(() => write(ANY)).toThrow(refused);
  },
);

test.each<[string, unknown]>([
  ['city', null],
  ['city', 7],
  ['emailOptout', 'true'],
  ['tags', ['vip']],
  ['tags', { add: [] }],
  ['tags', { remove: ['vip'] }],
  ['customFields', { a: { b: null } }],
  ['customFields', 'x'],
  ['unknown', [null]],
])('refuses %s with %j, and does not repeat the value', (name, value) => {
  let detail = '';
  try {
    writeFields('contact', { [name]: value as never }, ANY);
  } catch (error) {
    ({ detail } = (error as { details: { detail: string } }).details);
  }
  expect(detail).toMatch(new RegExp(`^The member "contact\\.${name}" must `));
});

test('a member named __proto__ is a field like any other', () => {
  const fields = JSON.parse('{"__proto__":"x"}') as never;
  expect(Object.keys(writeFields('contact', fields, OWN))).toEqual(['__proto__']);
});

test('finds a write in a contact that has more', () => {
  const current = {
    city: 'Bonn',
    tags: ['old', 'vip'],
    customFields: { industry: 'Mining', size: 3 },
    dnc: true,
  };
  expect(hasFields(current, {})).toBe(true);
  expect(hasFields(current, { city: 'Bonn', dnc: true })).toBe(true);
  expect(hasFields(current, { tags: { add: ['vip'] }, customFields: { industry: 'Mining' } })).toBe(true);
  for (const fields of [
    { city: 'bonn' },
    { dnc: false },
    { absent: '' },
    { tags: { add: ['vip', 'new'] } },
    { customFields: { industry: 'Mining', size: 4 } },
  ])
    expect(hasFields(current, fields as never)).toBe(false);
});
