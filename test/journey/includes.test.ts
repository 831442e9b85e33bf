import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { expectProblem } from '../support/problem.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const requestedParts = async (id: string): Promise<string[][]> =>
  (await world.sandbox.callsFor(id)).map((call) => [...call.include].toSorted());

describe('one upstream call per missing part', () => {
  test('growing include lists fetch only the missing parts, and repeated lists fetch none', async () => {
    const id = world.freshContact();
    const lists = ['notes', 'notes,entity', 'notes,entity,profile,signals'];
    const states = [];
    for (const include of lists) {
      const answer = await world.get(`/contacts/${id}?include=${include}`);
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.json().data).toSorted()).toEqual(
        ['contact', ...include.split(',')].toSorted(),
      );
      states.push(answer.headers['cache-status']);
    }
    expect(states).toEqual([
      'zyntro-bff; fwd=miss; stored',
      'zyntro-bff; fwd=partial; stored',
      'zyntro-bff; fwd=partial; stored',
    ]);
    expect(await requestedParts(id)).toEqual([['notes'], ['entity'], ['profile', 'signals']]);
    for (const include of [...lists, 'signals', 'entity,profile']) {
      const again = await world.get(`/contacts/${id}?include=${include}`);
      expect(again.headers['cache-status']).toMatch(/^zyntro-bff; hit; ttl=\d+$/);
    }
    expect(await world.get(`/contacts/${id}`)).toMatchObject({ status: 200 });
    expect(await requestedParts(id)).toHaveLength(3);
  });

  test('300 concurrent requests for a cold contact make one upstream call', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ delayMs: 300, contactId: id });
    const path = `/contacts/${id}?include=notes,entity`;
    const answers = await Promise.all(Array.from({ length: 300 }, () => world.get(path)));
    await world.sandbox.clearFaults();
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(await requestedParts(id)).toEqual([['entity', 'notes']]);
  });

  test('concurrent overlapping include lists fetch each part once', async () => {
    const id = world.freshContact();
    await world.sandbox.setFaults({ delayMs: 200, contactId: id });
    const lists = ['notes', 'notes,entity', 'entity,signals', 'profile,notes', 'signals,profile,notes'];
    const answers = await Promise.all(
      lists.map((include) => world.get(`/contacts/${id}?include=${include}`)),
    );
    await world.sandbox.clearFaults();
    expect(answers.map((answer) => Object.keys(answer.json().data).toSorted())).toEqual(
      lists.map((include) => ['contact', ...include.split(',')].toSorted()),
    );
    expect((await requestedParts(id)).flat().toSorted()).toEqual(['entity', 'notes', 'profile', 'signals']);
  });
});

describe('include syntax', () => {
  test('ignores order, repeated values and repeated parameters', async () => {
    const id = world.freshContact();
    const first = await world.get(`/contacts/${id}?include=notes,entity`);
    for (const query of [
      'include=entity,notes',
      'include=notes&include=entity',
      'include=entity&include=notes',
      'include=notes,notes,entity',
      'include=notes%2Centity',
    ]) {
      const answer = await world.get(`/contacts/${id}?${query}`);
      expect({ query, data: answer.json().data }).toEqual({ query, data: first.json().data });
    }
    expect(await requestedParts(id)).toHaveLength(1);
  });

  test('ignores an unknown query parameter, also in the cache key', async () => {
    const id = world.freshContact();
    const first = await world.get(`/contacts/${id}?utm_source=letter&include=notes`);
    const second = await world.get(`/contacts/${id}?include=notes&foo[bar]=1&contact_id=x`);
    expect(second.text).toBe(first.text);
    expect(await requestedParts(id)).toHaveLength(1);
  });

  test.each(['photos', 'notes,photos', 'notes&include=photos', '__proto__', 'contact_profile'])(
    'include=%s returns 400 with the allowed values',
    async (include) => {
      const id = world.freshContact();
      const answer = await world.get(`/contacts/${id}?include=${include}`);
      expectProblem(answer, 400, 'INVALID_INCLUDE');
      for (const name of ['notes', 'entity', 'profile', 'signals']) expect(answer.text).toContain(name);
      expect(await requestedParts(id)).toEqual([]);
    },
  );

  test.each(['1', 'a1b2c3d4e5f67890abcdef1234567890', 'a1b2c3d4-e5f6-7890-abcd-ef123456789g', 'undefined'])(
    'the contact id %s returns 400',
    async (id) => {
      for (const path of [`/contacts/${id}`, `/contacts/${id}/notes`]) {
        const answer = await world.get(path);
        expectProblem(answer, 400, 'INVALID_CONTACT_ID');
        expect(answer.text).toMatch(/uuid/i);
      }
    },
  );

  test('an upper-case contact id selects the same contact', async () => {
    const id = world.freshContact();
    const lower = await world.get(`/contacts/${id}`);
    const upper = await world.get(`/contacts/${id.toUpperCase()}`);
    expect(upper.status).toBe(200);
    expect(upper.json()).toEqual(lower.json());
  });
});

describe('array spellings of include', () => {
  test.each([
    'include[]=notes&include[]=entity',
    'include%5B%5D=notes&include%5B%5D=entity',
    'include[0]=notes&include[1]=entity',
    'include%5B0%5D=notes&include%5B999999999%5D=entity',
    'include=notes&include[]=entity&include[3]=notes,entity',
  ])('%s includes both parts from the same cache entries', async (query) => {
    const id = world.freshContact();
    await world.get(`/contacts/${id}?include=notes,entity`);
    const answer = await world.get(`/contacts/${id}?${query}`);
    expect(Object.keys(answer.json().data)).toEqual(['contact', 'notes', 'entity']);
    expect(answer.headers['cache-status']).toMatch(/; hit;/);
  });

  test.each([
    'include[]=photos',
    'include[0]=photos',
    'include[a]=notes',
    'include[0][]=notes',
    'include[-1]=notes',
  ])('%s returns INVALID_INCLUDE with the allowed values', async (query) => {
    const answer = await world.get(`/contacts/${world.freshContact()}?${query}`);
    expectProblem(answer, 400, 'INVALID_INCLUDE');
    expect(answer.json().detail).toContain('notes, entity, profile, signals');
  });

  test('the length limit of include applies to all spellings together', async () => {
    const query = Array.from({ length: 400 }, (_, index) => `include[${index}]=notes`).join('&');
    expectProblem(await world.get(`/contacts/${world.freshContact()}?${query}`), 400, 'INVALID_INCLUDE');
  });
});
