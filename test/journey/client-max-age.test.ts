import type { TestResponse } from '../support/http.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorld, type World } from '../support/world.ts';

const UNKNOWN = '00000000-0000-4000-8000-00000000000b';
const number = (pattern: RegExp, text: unknown): number => Number(pattern.exec(String(text))?.[1]);
const remainingLifetime = (answer: TestResponse): number =>
  number(/^private, max-age=(\d+)$/, answer.headers['cache-control']) - Number(answer.headers['age']);
const ttl = (answer: TestResponse): number => number(/; hit; ttl=(-?\d+)/, answer.headers['cache-status']);
const aged = (of: World, id: string): Promise<TestResponse> =>
  waitFor('a hit with an Age', async () => {
    const answer = await of.get(`/contacts/${id}`);
    return Number(answer.headers['age']) >= 2 && answer;
  });

let long: World;
let short: World;
beforeAll(async () => {
  [long, short] = await Promise.all([
    startWorld({ CLIENT_MAX_AGE_S: '3600', CACHE_TTL_CONTACT_S: '120', CACHE_TTL_NOTES_S: '40' }),
    startWorld({ CLIENT_MAX_AGE_S: '5', CACHE_TTL_NOTES_S: '1', CACHE_STALE_WHILE_REVALIDATE_S: '600' }),
  ]);
});
afterAll(() => Promise.all([long?.stop(), short?.stop()]));

test('max-age minus Age is the remaining lifetime of the part that expires first', async () => {
  const id = long.freshContact();
  await long.get(`/contacts/${id}?include=notes`);
  const contact = await aged(long, id);
  expect(remainingLifetime(contact)).toBe(ttl(contact));
  const both = await long.get(`/contacts/${id}?include=notes`);
  expect(remainingLifetime(both)).toBe(ttl(both));
  expect(remainingLifetime(both)).toBeLessThanOrEqual(40);
  const headers = { 'if-none-match': String(both.headers['etag']) };
  const notModified = await long.get(`/contacts/${id}?include=notes`, { headers });
  expect(notModified.status).toBe(304);
  expect(remainingLifetime(notModified)).toBe(ttl(notModified));
});

test('max-age minus Age is at most CLIENT_MAX_AGE_S on a miss, an aged hit and a batch', async () => {
  const id = short.freshContact();
  expect(remainingLifetime(await short.get(`/contacts/${id}`))).toBe(5);
  expect(remainingLifetime(await aged(short, id))).toBe(5);
  expect(remainingLifetime(await short.get(`/contacts?ids=${id}`))).toBe(5);
});

test('a stale response and a batch with a failed contact have a remaining lifetime of 0', async () => {
  const id = short.freshContact();
  await short.get(`/contacts/${id}/notes`);
  const stale = await waitFor('a stale response', async () => {
    const answer = await short.get(`/contacts/${id}/notes`);
    return /detail=stale/.test(String(answer.headers['cache-status'])) && answer;
  });
  expect(remainingLifetime(stale)).toBe(0);
  const mixed = await short.get(`/contacts?ids=${id},${UNKNOWN}`);
  expect(mixed.json().errors).toHaveLength(1);
  expect(remainingLifetime(mixed)).toBe(0);
  // The cache itself keeps the batch for as long as its not-found contact.
  const again = await short.get(`/contacts?ids=${id},${UNKNOWN}`);
  expect(again.json().errors).toHaveLength(1);
  expect(remainingLifetime(again)).toBe(0);
  expect(ttl(again)).toBeGreaterThan(0);
});
