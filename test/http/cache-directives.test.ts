import { parseCacheDirectives } from '../../src/http/cache-directives.ts';

test.each<[string, boolean, boolean]>([
  ['no-cache', true, false],
  ['No-Store', false, true],
  ['no-cache, no-store', true, true],
  ['max-age=0 ,\tNO-CACHE,,x', true, false],
  ['private="a, b", no-store', false, true],
  ['', false, false],
  [',,', false, false],
  ['no-cache-please', false, false],
  ['no-cache="x"', false, false],
  ['no-cache="x', false, false],
  ['no-store=1', false, false],
  ['x="a, no-cache, b"', false, false],
  ['x="a\\", no-store, b"', false, false],
  ['x="a, no-store', false, false],
  ['max-stale=60, only-if-cached', false, false],
])('parses Cache-Control %j as no-cache %s, no-store %s', (header, noCache, noStore) => {
  expect(parseCacheDirectives(header)).toEqual({ noCache, noStore });
});
