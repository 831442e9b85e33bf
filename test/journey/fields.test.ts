import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const keys = (value: object): string[] => Object.keys(value).toSorted();

describe('sparse fieldsets', () => {
  test.each([
    'fields[contact]=name,city',
    'fields%5Bcontact%5D=name%2Ccity',
    'fields[contact]=name&fields[contact]=city',
    'fields[contact][]=name&fields[contact][]=city',
    'fields%5Bcontact%5D%5B%5D=name&fields%5Bcontact%5D%5B%5D=city',
    'fields[contact][0]=name&fields[contact][1]=city',
    'fields[contact]=name&fields[contact][]=city',
  ])('%s selects name and city', async (query) => {
    const id = world.freshContact();
    const data = (await world.get(`/contacts/${id}?${query}`)).json().data;
    expect(keys(data.contact)).toEqual(['city', 'id', 'name']);
    expect(data.contact.id).toBe(id);
  });

  test('filter each part by its own list and leave parts without a list whole', async () => {
    const id = world.freshContact();
    const note = { note_maker: world.directory.orgs[0]?.members[0], note_content: 'Called back today.' };
    await world.sandbox.patchContact(id, {
      entity: { entity_name: 'Sparse GmbH', entity_label: 'Company', entity_website: 'https://sparse.test' },
      notes: [{ ...note, note_date_created: '2025-03-10 11:00:00' }],
    });
    const query = 'include=notes,entity&fields[entity]=website&fields[notes]=content';
    const data = (await world.get(`/contacts/${id}?${query}`)).json().data;
    expect(data.entity).toEqual({ website: 'https://sparse.test' });
    expect(data.notes).toEqual([{ content: 'Called back today.' }]);
    expect(keys(data.contact).length).toBeGreaterThan(10);
  });

  test('apply to a sub-resource', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { entity: { entity_name: 'Sub Ltd', entity_label: 'Company' } });
    const answer = await world.get(`/contacts/${id}/entity?fields[entity]=name`);
    expect(answer.json()).toEqual({ data: { name: 'Sub Ltd' } });
  });

  test('leave null parts null', async () => {
    const id = world.freshContact();
    await world.sandbox.patchContact(id, { entity: null });
    const answer = await world.get(`/contacts/${id}?include=entity&fields[entity]=name`);
    expect(answer.json().data.entity).toBeNull();
  });

  test.each(['shoeSize,name', 'name,__proto__,constructor,toString', 'name,contact_name'])(
    'ignore unknown names: %s',
    async (list) => {
      const id = world.freshContact();
      const answer = await world.get(`/contacts/${id}?fields[contact]=${list}`);
      expect(answer.status).toBe(200);
      expect(keys(answer.json().data.contact)).toEqual(['id', 'name']);
    },
  );

  test('are applied to cached parts without an upstream call and change the ETag', async () => {
    const id = world.freshContact();
    const whole = await world.get(`/contacts/${id}`);
    const sparse = await world.get(`/contacts/${id}?fields[contact]=name`);
    expect(sparse.headers['cache-status']).toMatch(/^zyntro-bff; hit;/);
    expect(sparse.headers['etag']).not.toBe(whole.headers['etag']);
    const wholeAgain = await world.get(`/contacts/${id}`);
    expect(wholeAgain.text).toBe(whole.text);
    expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });

  test('do not return 304 for the ETag of other fields', async () => {
    const id = world.freshContact();
    const etag = String((await world.get(`/contacts/${id}?fields[contact]=name`)).headers['etag']);
    const other = await world.get(`/contacts/${id}?fields[contact]=city`, {
      headers: { 'if-none-match': etag },
    });
    expect(other.status).toBe(200);
  });
});

const list = (length: number): string => `fields[contact]=${'name,'.repeat(500).slice(0, length)}`;

describe('INVALID_FIELDS', () => {
  test.each([
    'fields[deal]=name',
    'fields[__proto__]=name',
    'fields[contact_profile]=x',
    'fields[Contact]=x',
  ])('is returned for an unknown part: %s', async (query) => {
    const id = world.freshContact();
    expectProblem(await world.get(`/contacts/${id}?${query}`), 400, 'INVALID_FIELDS');
    expect(await world.sandbox.callsFor(id)).toEqual([]);
  });

  test('is returned for a list of more than 2,000 characters', async () => {
    const id = world.freshContact();
    const answer = await world.get(`/contacts/${id}?${list(2000)}`);
    expect({ status: answer.status, keys: keys(answer.json().data.contact) }).toEqual({
      status: 200,
      keys: ['id', 'name'],
    });
    expectProblem(await world.get(`/contacts/${id}?${list(2001)}`), 400, 'INVALID_FIELDS');
    expectProblem(await world.get(`/contacts/${id}/notes?${list(2001)}`), 400, 'INVALID_FIELDS');
    expectProblem(await world.get(`/contacts?ids=${id}&${list(2001)}`), 400, 'INVALID_FIELDS');
  });
});

test.each([
  'fields[]=name',
  'fields[deal][]=name',
  'fields[contact][a]=name',
  'fields[contact]x=name',
  'fields[contacts=name',
  'fields[contact=name',
  `fields[contact][]=${'x'.repeat(1500)}&fields[contact][]=${'y'.repeat(1500)}`,
])('%s is INVALID_FIELDS', async (query) => {
  expectProblem(await world.get(`/contacts/${world.freshContact()}?${query}`), 400, 'INVALID_FIELDS');
});
