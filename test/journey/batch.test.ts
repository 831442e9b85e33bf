import { randomUUID } from 'node:crypto';
import type { Json } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const UNKNOWN = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const several = (count: number): string[] => Array.from({ length: count }, () => world.freshContact());
const idsOf = (data: { contact: { id: string } }[]): string[] => data.map((element) => element.contact.id);

describe('GET /contacts?ids=', () => {
  test('returns contacts in the order of ids, each as in a single-contact response', async () => {
    const ids = several(6);
    const backwards = ids.toReversed();
    const answer = await world.get(`/contacts?ids=${backwards.join(',')}&include=notes,entity`);
    expect(answer.status).toBe(200);
    expect(idsOf(answer.json().data)).toEqual(backwards);
    expect(answer.json().errors).toEqual([]);
    const one = await world.get(`/contacts/${ids[0]}?include=notes,entity`);
    expect(answer.json().data.at(-1)).toEqual(one.json().data);
    expect(one.headers['cache-status']).toMatch(/; hit;/);
    for (const id of ids) expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });

  test('serves cached contacts and fetches the others', async () => {
    const ids = several(3);
    await world.get(`/contacts/${ids[1]}?include=notes`);
    await world.get(`/contacts?ids=${ids.join(',')}&include=notes`);
    await world.get(`/contacts?ids=${ids.join(',')}&include=notes`);
    for (const id of ids) expect(await world.sandbox.callsFor(id)).toHaveLength(1);
  });

  test('a failed contact does not fail the batch, and errors keep the order of ids', async () => {
    const [first, broken, last] = several(3) as [string, string, string];
    await world.sandbox.setFaults({ mode: 'http-500', contactId: broken });
    const ids = [UNKNOWN[1], first, broken, UNKNOWN[0], last];
    const answer = await world.get(`/contacts?ids=${ids.join(',')}`);
    await world.sandbox.clearFaults();
    expect(answer.status).toBe(200);
    expect(idsOf(answer.json().data)).toEqual([first, last]);
    const errors = answer.json().errors as Record<string, unknown>[];
    expect(errors.map(({ id, status, code }) => [id, Number(status), code])).toEqual([
      [UNKNOWN[1], 404, 'CONTACT_NOT_FOUND'],
      [broken, 503, 'UPSTREAM_UNAVAILABLE'],
      [UNKNOWN[0], 404, 'CONTACT_NOT_FOUND'],
    ]);
    for (const error of errors) expect(error['title']).toEqual(expect.stringMatching(/\S/));
  });

  test('accepts 50 ids', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `00000000-0000-4000-8000-${id12(index)}`);
    const answer = await world.get(`/contacts?ids=${ids.join(',')}`);
    expect(answer.status).toBe(200);
    expect(answer.json().errors.map((error: { id: string }) => error.id)).toEqual(ids);
  });

  test('fetches a repeated id once', async () => {
    const [one, two] = several(2) as [string, string];
    const answer = await world.get(`/contacts?ids=${one},${two},${one}`);
    expect(answer.status).toBe(200);
    expect(new Set(idsOf(answer.json().data))).toEqual(new Set([one, two]));
    expect(await world.sandbox.callsFor(one)).toHaveLength(1);
  });

  test('applies sparse fieldsets to each element', async () => {
    const ids = several(2);
    const answer = await world.get(`/contacts?ids=${ids.join(',')}&fields[contact]=city`);
    expect(answer.json().data.map((element: Json) => Object.keys(element.contact).toSorted())).toEqual([
      ['city', 'id'],
      ['city', 'id'],
    ]);
  });
});

describe('array spellings of ids', () => {
  test.each([
    'ids[]=ONE&ids[]=TWO',
    'ids%5B%5D=ONE&ids%5B%5D=TWO',
    'ids[0]=ONE&ids[1]=TWO',
    'ids[1]=TWO&ids[0]=ONE',
    'ids=ONE&ids[7]=TWO&ids[9]=ONE',
  ])('%s returns both contacts in order and costs two requests', async (query) => {
    const [one, two] = several(2) as [string, string];
    const answer = await world.get(`/contacts?${query.replaceAll('ONE', one).replaceAll('TWO', two)}`, {
      token: world.token({ sub: randomUUID() }),
    });
    expect(answer.status).toBe(200);
    expect(idsOf(answer.json().data)).toEqual([one, two]);
    expect(answer.headers['ratelimit']).toMatch(/; r=118;/);
  });

  test.each(['ids[]=42&ids[]=', 'ids[a]=', 'ids[0][1]=', 'ids[-1]='])('%s… is INVALID_IDS', async (query) => {
    const id = world.freshContact();
    expectProblem(await world.get(`/contacts?${query}${id}`), 400, 'INVALID_IDS');
    expect(await world.sandbox.callsFor(id)).toEqual([]);
  });

  test('refuses 51 ids in brackets', async () => {
    const query = Array.from({ length: 51 }, (_, index) => `ids[]=00000000-0000-4000-8001-${id12(index)}`);
    expectProblem(await world.get(`/contacts?${query.join('&')}`), 400, 'INVALID_IDS');
  });
});

describe('refused ids cause no upstream call', () => {
  test('refuses 51 ids', async () => {
    const ids = Array.from({ length: 51 }, (_, index) => `00000000-0000-4000-8001-${id12(index)}`);
    expectProblem(await world.get(`/contacts?ids=${ids.join(',')}`), 400, 'INVALID_IDS');
    expect(await world.sandbox.callsFor(String(ids[0]))).toEqual([]);
  });

  test('refuses a list with an id that is not a UUID', async () => {
    const id = world.freshContact();
    const answer = await world.get(`/contacts?ids=${id},not-a-uuid`);
    expect(answer.status).toBe(400);
    expect(answer.json().code).toMatch(/^INVALID_(IDS|CONTACT_ID)$/);
    expect(answer.text).toMatch(/uuid/i);
    expect(await world.sandbox.callsFor(id)).toEqual([]);
  });

  test.each(['/contacts', '/contacts?ids=', '/contacts?include=notes'])(
    'refuses a request without ids: %s',
    async (path) => {
      expectProblem(await world.get(path), 400, 'INVALID_IDS');
    },
  );

  test('refuses an unknown include', async () => {
    const id = world.freshContact();
    expectProblem(await world.get(`/contacts?ids=${id}&include=photos`), 400, 'INVALID_INCLUDE');
    expect(await world.sandbox.callsFor(id)).toEqual([]);
  });
});

function id12(index: number): string {
  return String(index).padStart(12, '0');
}
