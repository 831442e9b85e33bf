import zlib from 'node:zlib';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import type { TestResponse } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';

const UNKNOWN = '00000000-0000-4000-8000-00000000000b';
let world: World;
let path: string;
beforeAll(async () => {
  world = await startWorld({ CACHE_TTL_CONTACT_S: '120', CACHE_TTL_NOTES_S: '40' });
  const id = world.freshContact();
  path = `/contacts/${id}?include=notes`;
  const note = { note_maker: world.directory.orgs[0]?.members[0], note_date_created: '2025-03-10 11:00:00' };
  const notes = [{ ...note, note_content: 'A long tale of a short call. '.repeat(200) }];
  await world.sandbox.patchContact(id, { notes });
});
afterAll(() => world?.stop());

const get = (headers: Record<string, string> = {}): Promise<TestResponse> => world.get(path, { headers });

describe('ETag and 304', () => {
  test('returns the same strong ETag while the data is unchanged', async () => {
    const [first, second] = [await get(), await get()];
    expect(first.headers['etag']).toMatch(/^"[^"]+"$/);
    expect(second.headers['etag']).toBe(first.headers['etag']);
  });

  test('returns 304 when If-None-Match matches: one tag, a list, a weak tag or *', async () => {
    const etag = String((await get()).headers['etag']);
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, `"a","b" , W/${etag}, "c"`, '*']) {
      const answer = await get({ 'if-none-match': value });
      expect({ value, status: answer.status, length: answer.body.length }).toEqual({
        value,
        status: 304,
        length: 0,
      });
      expect(answer.headers['etag']).toBe(etag);
      expect(answer.headers['vary']).toMatch(/authorization/i);
      expect(answer.headers['cache-control']).toMatch(/private/);
      expect(answer.headers['content-length'] ?? '0').not.toBe('2');
    }
  });

  test.each(['"other"', 'W/"other"', '"a", "b"', 'nonsense', '""', '"*"'])(
    'returns 200 when If-None-Match is %s',
    async (value) => {
      expect((await get({ 'if-none-match': value })).status).toBe(200);
    },
  );

  test('returns a new ETag when the data changes', async () => {
    const id = world.freshContact();
    const before = (await world.get(`/contacts/${id}`)).headers['etag'];
    await world.sandbox.patchContact(id, { contact: { contact_city: 'Elsewhere-upon-Sea' } });
    await world.invalidate(id);
    const after = await world.get(`/contacts/${id}`, { headers: { 'if-none-match': String(before) } });
    expect(after.status).toBe(200);
    expect(after.headers['etag']).not.toBe(before);
  });

  test('returns 401 instead of 304 without a token', async () => {
    const etag = String((await get()).headers['etag']);
    const answer = await world.get(path, { token: undefined, headers: { 'if-none-match': etag } });
    expect(answer.status).toBe(401);
  });
});

const tagOf = async (coding: string): Promise<string> =>
  String((await get({ 'accept-encoding': coding })).headers['etag']);

describe('If-Match', () => {
  test('matches the ETag of any content coding, alone or in a list, and *', async () => {
    const [plain, gzip, br] = [await tagOf('identity'), await tagOf('gzip'), await tagOf('br')];
    expect(new Set([plain, gzip, br]).size).toBe(3);
    for (const value of [plain, gzip, br, `"x", ${gzip}`, '*'])
      expect((await get({ 'if-match': value })).status).toBe(200);
  });

  test.each(['"x"', '"x", W/"y"', 'nonsense', ''])('%j returns 412 with the current ETag', async (value) => {
    for (const coding of ['identity', 'gzip']) {
      const answer = await get({ 'if-match': value, 'accept-encoding': coding });
      expectProblem(answer, 412, 'PRECONDITION_FAILED');
      expect(answer.headers['etag']).toBe(await tagOf(coding));
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  test('uses strong comparison and precedes If-None-Match', async () => {
    const etag = await tagOf('identity');
    expect((await get({ 'if-match': `W/${etag}` })).status).toBe(412);
    expect((await get({ 'if-match': '"x"', 'if-none-match': etag })).status).toBe(412);
    expect((await get({ 'if-match': etag, 'if-none-match': etag })).status).toBe(304);
  });

  test('applies to HEAD, sub-resources, batches and documents, but not to errors', async () => {
    const id = path.slice('/contacts/'.length, '/contacts/'.length + 36);
    const headers = { 'if-match': '"x"' };
    expect((await world.get(path, { method: 'HEAD', headers })).status).toBe(412);
    for (const other of [`/contacts/${id}/notes`, `/contacts?ids=${id}`, '/openapi.json', '/docs']) {
      const answer = await world.get(other, { headers });
      expectProblem(answer, 412, 'PRECONDITION_FAILED');
      const current = String(answer.headers['etag']);
      expect((await world.get(other, { headers: { 'if-match': current } })).status).toBe(200);
    }
    expect((await world.get('/contacts/x', { headers })).status).toBe(400);
    expect((await world.get(`/contacts/${UNKNOWN}`, { headers })).status).toBe(404);
    expect((await world.get('/nothing', { headers })).status).toBe(404);
  });
});

describe('content codings', () => {
  const decode = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync };

  test.each(['gzip', 'br'] as const)(
    '%s decodes to the same bytes and has its own ETag and 304',
    async (coding) => {
      const plain = await get({ 'accept-encoding': 'identity' });
      const coded = await get({ 'accept-encoding': coding });
      expect(plain.headers['content-encoding']).toBeUndefined();
      expect(coded.headers['content-encoding']).toBe(coding);
      expect(decode[coding](coded.body).equals(plain.body)).toBe(true);
      expect(coded.body.length).toBeLessThan(plain.body.length);
      expect(coded.headers['etag']).toEqual(expect.stringMatching(/"/));
      expect(coded.headers['etag']).not.toBe(plain.headers['etag']);
      const etag = String(coded.headers['etag']);
      const again = await get({ 'accept-encoding': coding, 'if-none-match': etag });
      expect({ status: again.status, etag: again.headers['etag'] }).toEqual({ status: 304, etag });
    },
  );

  describe('for a small response', () => {
    let small: string;
    beforeAll(() => void (small = `/contacts/${world.freshContact()}?fields[contact]=city`));

    test.each([
      ['gzip, identity;q=0', 'gzip'],
      ['gzip, *;q=0', 'gzip'],
      ['GZIP;q=0.5, Identity ; q=0.000', 'gzip'],
      ['br;q=0.1, gzip;q=0, identity;q=0', 'br'],
      ['*, identity;q=0', 'br'],
      ['gzip', undefined],
      ['gzip;q=1.0, identity;q=0.1', undefined],
      ['gzip, *;q=0, identity', undefined],
      ['br;q=0, gzip;q=0', undefined],
      ['deflate, identity;q=0', undefined],
      ['identity;q=0', undefined],
      ['*;q=0', undefined],
      ['', undefined],
    ])('Accept-Encoding: %j selects %s', async (accepted, coding) => {
      const headers = { 'accept-encoding': accepted };
      const [answer, head] = [
        await world.get(small, { headers }),
        await world.get(small, { method: 'HEAD', headers }),
      ];
      expect(answer.status).toBe(200);
      expect(answer.headers['content-encoding']).toBe(coding);
      const body = coding === undefined ? answer.body : decode[coding as 'gzip' | 'br'](answer.body);
      expect(Object.keys(JSON.parse(body.toString()).data.contact).toSorted()).toEqual(['city', 'id']);
      const named = ['etag', 'content-encoding', 'content-length', 'vary', 'content-type'];
      for (const name of named) expect(head.headers[name]).toBe(answer.headers[name]);
      const etag = String(answer.headers['etag']);
      const again = await world.get(small, { headers: { ...headers, 'if-none-match': etag } });
      expect(again.status).toBe(304);
    });

    test('sends an error without content coding', async () => {
      const answer = await world.get('/nothing', { headers: { 'accept-encoding': 'gzip, identity;q=0' } });
      expectProblem(answer, 404, 'ROUTE_NOT_FOUND');
    });
  });

  test('sends a document without content coding if no coding is acceptable', async () => {
    const headers = { 'accept-encoding': 'deflate, identity;q=0' };
    const answer = await world.get('/openapi.json', { headers });
    expect([answer.status, answer.headers['content-encoding']]).toEqual([200, undefined]);
  });

  test('does not use a coding with q=0', async () => {
    const answer = await get({ 'accept-encoding': 'gzip;q=0, br;q=0, identity' });
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.json().data.notes).toHaveLength(1);
  });

  test('Vary lists Authorization and Accept-Encoding for every coding', async () => {
    for (const coding of ['identity', 'gzip']) {
      const vary = String((await get({ 'accept-encoding': coding })).headers['vary']).toLowerCase();
      expect(vary.split(/\s*,\s*/)).toEqual(expect.arrayContaining(['authorization', 'accept-encoding']));
    }
  });
});

describe('Cache-Control by default', () => {
  const NO_CACHE = 'private, no-cache';

  test('is no-cache on a miss, hit, 304, HEAD, sub-resource and batch', async () => {
    const id = world.freshContact();
    const one = `/contacts/${id}`;
    const miss = await world.get(one);
    const hit = await world.get(one);
    const etag = String(hit.headers['etag']);
    const answers = {
      miss,
      hit,
      'not modified': await world.get(one, { headers: { 'if-none-match': etag } }),
      head: await world.get(one, { method: 'HEAD' }),
      part: await world.get(`${one}/notes`),
      compressed: await get({ 'accept-encoding': 'gzip' }),
      batch: await world.get(`/contacts?ids=${id}`),
      'batch with a failure': await world.get(`/contacts?ids=${id},${UNKNOWN}`),
    };
    for (const [name, { headers }] of Object.entries(answers))
      expect({ name, value: headers['cache-control'] }).toEqual({ name, value: NO_CACHE });
    expect(answers['not modified'].status).toBe(304);
    expect(miss.headers['cache-status']).toBe('zyntro-bff; fwd=miss; stored');
    expect(hit.headers['cache-status']).toMatch(/^zyntro-bff; hit; ttl=\d+$/);
  });

  test('is no-store on an error', async () => {
    for (const answer of [
      await world.get('/contacts/x'),
      await world.get(`/contacts/${UNKNOWN}`),
      await world.get(`/contacts/${UNKNOWN}`),
      await world.get(path, { token: undefined }),
      await world.get('/nothing'),
    ]) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });
});

describe('HEAD', () => {
  test('returns the headers of GET without a body', async () => {
    const [whole, head] = [await get(), await world.get(path, { method: 'HEAD' })];
    expect({ status: head.status, length: head.body.length }).toEqual({ status: 200, length: 0 });
    for (const name of ['etag', 'content-type', 'vary']) expect(head.headers[name]).toBe(whole.headers[name]);
    expect(head.headers['cache-status']).toMatch(/; hit;/);
    const etag = String(whole.headers['etag']);
    const conditional = await world.get(path, { method: 'HEAD', headers: { 'if-none-match': etag } });
    expect(conditional.status).toBe(304);
  });

  test('returns the status of GET for a sub-resource, an unknown contact and a missing token', async () => {
    const head = { method: 'HEAD' };
    expect((await world.get(`/contacts/${world.freshContact()}/notes`, head)).status).toBe(200);
    expect((await world.get(`/contacts/${UNKNOWN}`, head)).status).toBe(404);
    expect((await world.get(path, { ...head, token: undefined })).status).toBe(401);
  });
});
