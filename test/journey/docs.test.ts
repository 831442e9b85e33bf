import { readFileSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { exchange } from '../support/http.ts';
import type { TestResponse, Options } from '../support/http.ts';
import { DOCUMENT_FILE } from '../support/openapi-contract.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
// The committed description has every operation.
beforeAll(async () => void (world = await startWorld({ ZYNTRO_BRAND_ID: '101' })));
afterAll(() => world?.stop());

const get = (path: string, options: Options = {}): Promise<TestResponse> =>
  exchange(`${world.program.url}${path}`, options);
const FILE = readFileSync(DOCUMENT_FILE);

test('/openapi.json serves the committed file without a token, with a public max-age', async () => {
  const answer = await get('/openapi.json');
  expect(answer.body.equals(FILE)).toBe(true);
  expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
  expect(answer.headers['cache-control']).toMatch(/^public, max-age=[1-9]\d*$/);
  expect(answer.headers['vary']).toBe('Accept-Encoding');
});

test('/openapi.json supports conditional requests and content codings', async () => {
  const headers = { 'accept-encoding': 'br' };
  const brotli = await get('/openapi.json', { headers });
  expect(brotliDecompressSync(brotli.body).equals(FILE)).toBe(true);
  const gzipped = await get('/openapi.json', { headers: { 'accept-encoding': 'gzip' } });
  expect(gunzipSync(gzipped.body).equals(FILE)).toBe(true);
  const plain = await get('/openapi.json');
  const tags = [brotli, gzipped, plain].map((answer) => answer.headers['etag']);
  expect(new Set(tags).size).toBe(3);
  const again = await get('/openapi.json', { headers: { ...headers, 'if-none-match': String(tags[0]) } });
  expect([again.status, again.body.length]).toEqual([304, 0]);
  const head = await get('/openapi.json', { method: 'HEAD' });
  expect([head.status, head.body.length, head.headers['content-length']]).toEqual([
    200,
    0,
    String(FILE.length),
  ]);
});

test('/docs links only to local files that exist', async () => {
  const page = await get('/docs');
  expect(page.headers['content-type']).toMatch(/^text\/html\b/);
  expect(page.headers['content-security-policy']).toContain("script-src 'self'");
  const links = new Set([...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => String(link)));
  expect(links.size).toBeGreaterThan(3);
  // The set grows by the modules that its scripts import.
  for (const link of links) {
    expect(link).toMatch(/^\/(?!\/)/);
    const asset = await get(link);
    expect([link, asset.status]).toEqual([link, 200]);
    expect(asset.headers['x-content-type-options']).toBe('nosniff');
    for (const [, module] of asset.text.matchAll(/^import .* from '\.\/([^']+)';$/gm))
      links.add(`/docs/${module}`);
  }
  expect(links).toContain('/docs/schema.js');
  expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)/);
});

test.each(['/docs/', '/docs/package.json', '/docs/../package.json', '/docs/%2e%2e/package.json', '/docs/x'])(
  'serves only the files of the page: %s',
  async (path) => {
    const answer = await get(path);
    expect([path, answer.status]).toEqual([path, path === '/docs/' ? 200 : 404]);
  },
);

test.each(['/docs', '/openapi.json'])('%s allows only GET and HEAD', async (path) => {
  expect((await get(path, { method: 'POST' })).status).toBe(405);
});
