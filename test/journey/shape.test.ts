import type { Json } from '../support/http.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld({ ZYNTRO_TIMEZONE: 'America/New_York' })));
afterAll(() => world?.stop());

const read = async (id: string, query = ''): Promise<Json> =>
  (await world.get(`/contacts/${id}${query}`)).json().data;
const contactWith = async (contact: Record<string, unknown>): Promise<Json> => {
  const id = world.freshContact();
  await world.sandbox.patchContact(id, { contact });
  return (await read(id)).contact;
};

describe('unknown and invalid values are preserved', () => {
  test('an unknown field is passed through under its camelCase name', async () => {
    const contact = await contactWith({
      contact_favourite_colour: '1',
      contact_new_object: { inner_key: ['0', { deep_key: null }] },
      loyalty_points_total: '042',
    });
    expect(contact).toMatchObject({
      favouriteColour: '1',
      newObject: { inner_key: ['0', { deep_key: null }] },
      loyaltyPointsTotal: '042',
    });
  });

  test('a known field whose value does not parse is passed through', async () => {
    const contact = await contactWith({
      contact_tags: '["broken',
      contact_custom_fields: 'none',
      contact_dnc: 'perhaps',
      contact_date_created: 'last Tuesday',
      contact_date_updated: '2025-02-30 10:00:00',
    });
    expect(contact).toMatchObject({
      tags: '["broken',
      customFields: 'none',
      dnc: 'perhaps',
      dateCreated: 'last Tuesday',
      dateUpdated: '2025-02-30 10:00:00',
    });
  });

  test('nulls and empty strings are unchanged', async () => {
    const contact = await contactWith({ contact_city: null, contact_zip: '', contact_state: '0' });
    expect(contact).toMatchObject({ city: null, zip: '', state: '0' });
  });

  test('custom fields keep their names and values', async () => {
    const fields = { cf_shoe_size: '42', Nested_Thing: { a_b: 1 }, '': null, big: '12345678901234567890' };
    const contact = await contactWith({ contact_custom_fields: JSON.stringify(fields) });
    expect(contact.customFields).toEqual(fields);
  });

  test('text in any script is unchanged', async () => {
    const name = 'Zoë "Ω" <b>名前</b> \u2028 👩‍👩‍👧 \\u0041';
    expect(await contactWith({ contact_name: name })).toMatchObject({ name });
  });
});

describe('conversions', () => {
  test('flags become booleans, and JSON strings become JSON', async () => {
    const contact = await contactWith({
      contact_dnc: '1',
      contact_sms_optout: '0',
      contact_tags: '["a", "b"]',
      contact_stageid: 'stage-7',
    });
    expect(contact).toMatchObject({ dnc: true, smsOptout: false, tags: ['a', 'b'], stageId: 'stage-7' });
  });

  test.each([
    ['2025-01-15 09:30:00', '2025-01-15T14:30:00Z'],
    ['2025-07-15 09:30:00', '2025-07-15T13:30:00Z'],
  ])('%s in New York becomes %s', async (raw, instant) => {
    const contact = await contactWith({ contact_date_created: raw });
    expect(contact.dateCreated).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
    expect(new Date(contact.dateCreated).getTime()).toBe(new Date(instant).getTime());
  });

  test('signals and profile change only their names, to camelCase', async () => {
    const id = world.freshContact();
    const raw = { email_opens: '0', last_seen_at: '2025-01-15 09:30:00', score_json: '{"a":1}' };
    await world.sandbox.patchContact(id, { signals: raw, profile: raw });
    const expected = { emailOpens: '0', lastSeenAt: '2025-01-15 09:30:00', scoreJson: '{"a":1}' };
    expect(await read(id, '?include=signals,profile')).toMatchObject({
      signals: expected,
      profile: expected,
    });
  });

  test('an entity and notes are converted', async () => {
    const id = world.freshContact();
    const maker = world.directory.orgs[0]?.members[0];
    await world.sandbox.patchContact(id, {
      entity: { entity_name: 'Shape AG', entity_tags: '["x"]', entity_socials: '{"li": "s"}' },
      notes: [{ note_maker: maker, note_content: 'First\nline', note_date_created: '2025-07-15 00:00:00' }],
    });
    const { entity, notes } = await read(id, '?include=entity,notes');
    expect(entity).toMatchObject({ name: 'Shape AG', tags: ['x'], socials: { li: 's' } });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ maker, content: 'First\nline' });
    expect(new Date(notes[0].dateCreated).toISOString()).toBe('2025-07-15T04:00:00.000Z');
  });
});
