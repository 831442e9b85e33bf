import { cachedReads, settle } from '../support/cached-reads.ts';

test('does not read the cache on a bypass, but stores the result', async () => {
  const { world, get } = cachedReads();
  await get(['contact']);
  world.version = 2;
  expect(await get(['contact'], { bypass: true })).toMatchObject({
    result: 'bypass',
    stored: true,
    text: '"contact2"',
  });
  expect(await get(['contact'])).toMatchObject({ result: 'hit', text: '"contact2"' });
});

describe('no-store', () => {
  test('fetches the missing parts and stores nothing', async () => {
    const { world, asked, get } = cachedReads();
    expect(await get(['contact', 'notes'], { noStore: true })).toMatchObject({
      result: 'miss',
      stored: false,
      text: '"contact1","notes1"',
    });
    world.version = 2;
    expect(await get(['contact'])).toMatchObject({ result: 'miss', text: '"contact2"' });
    expect(await get(['contact', 'notes'], { noStore: true })).toMatchObject({
      result: 'partial',
      stored: false,
    });
    expect(await get(['contact', 'notes'])).toMatchObject({ result: 'partial', stored: true });
    expect(asked).toEqual([['contact', 'notes'], ['contact'], ['notes'], ['notes']]);
  });

  test('serves a stored part and does not refresh it when it is stale', async () => {
    const { world, asked, get } = cachedReads();
    await get(['notes']);
    expect(await get(['notes'], { noStore: true })).toMatchObject({ result: 'hit' });
    world.now += 40_000;
    expect(await get(['notes'], { noStore: true })).toMatchObject({ result: 'stale' });
    await settle();
    expect(asked).toHaveLength(1);
  });

  test('neither reads nor changes the cache with a bypass', async () => {
    const { world, get } = cachedReads();
    await get(['contact']);
    world.version = 2;
    expect(await get(['contact'], { bypass: true, noStore: true })).toMatchObject({
      result: 'bypass',
      stored: false,
      text: '"contact2"',
    });
    expect(await get(['contact'])).toMatchObject({ result: 'hit', text: '"contact1"' });
  });

  test('neither joins a call in flight nor is joined', async () => {
    const { world, asked, get } = cachedReads();
    let release!: () => void;
    world.hold = new Promise((resolve) => (release = resolve));
    const all = [
      get(['contact']),
      get(['contact'], { noStore: true }),
      get(['contact']),
      get(['contact'], { noStore: true }),
    ];
    await settle();
    release();
    const outcomes = await Promise.all(all);
    expect(outcomes.map(({ stored, collapsed }) => [stored, collapsed])).toEqual([
      [true, false],
      [false, false],
      [true, true],
      [false, false],
    ]);
    expect(asked).toHaveLength(3);
  });

  test('does not store a not-found', async () => {
    const { world, get } = cachedReads();
    world.failure = 'CONTACT_NOT_FOUND';
    await expect(get(['contact'], { noStore: true })).rejects.toMatchObject({ code: 'CONTACT_NOT_FOUND' });
    world.failure = undefined;
    expect(await get(['contact'])).toMatchObject({ result: 'miss' });
  });
});
