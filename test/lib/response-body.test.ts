import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { responseText } from '../../src/lib/response-body.ts';

const TEXT = '{"name":"Zoë"}';
const bytes = Buffer.from(TEXT);
const MAX = 1000;

test.each<[string | undefined, Buffer]>([
  [undefined, bytes],
  ['', bytes],
  ['identity', bytes],
  ['Identity, ', bytes],
  ['gzip', gzipSync(bytes)],
  ['GZIP', gzipSync(bytes)],
  ['x-gzip', gzipSync(bytes)],
  [' identity , gzip ', gzipSync(bytes)],
  ['deflate', deflateSync(bytes)],
  ['br', brotliCompressSync(bytes)],
  ['zstd', zstdCompressSync(bytes)],
])('decodes Content-Encoding "%s"', (coding, body) => {
  expect(responseText(body, coding, MAX)).toBe(TEXT);
});

test('removes one byte order mark, also inside a coding, and keeps a second one', () => {
  const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
  expect(responseText(marked, undefined, MAX)).toBe(TEXT);
  expect(responseText(gzipSync(marked), 'gzip', MAX)).toBe(TEXT);
  const twice = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), marked]);
  expect(responseText(twice, undefined, MAX)).toBe(`\ufeff${TEXT}`);
  expect(responseText(Buffer.from([0xef, 0xbb]), undefined, MAX)).not.toBe('');
  expect(responseText(Buffer.alloc(0), undefined, MAX)).toBe('');
});

test.each<[string, string | string[], Buffer, string]>([
  ['an unknown coding', 'compress', bytes, 'CONTENT_ENCODING_COMPRESS'],
  ['two codings', 'gzip, br', bytes, 'CONTENT_ENCODING_GZIP_BR'],
  ['two fields', ['gzip', 'br'], bytes, 'CONTENT_ENCODING_GZIP_BR'],
  ['a name of an Object.prototype property', 'constructor', bytes, 'CONTENT_ENCODING_CONSTRUCTOR'],
  [
    'a name that could forge a log line',
    'a"\n{}'.repeat(20),
    bytes,
    'CONTENT_ENCODING_A____A____A____A____A___',
  ],
  ['plain text that claims to be gzip', 'gzip', bytes, 'BROKEN_CONTENT_ENCODING_GZIP'],
  ['a truncated body', 'gzip', gzipSync(bytes).subarray(0, -5), 'BROKEN_CONTENT_ENCODING_GZIP'],
  ['an empty body', 'br', Buffer.alloc(0), 'BROKEN_CONTENT_ENCODING_BR'],
])('reports the coding of %s', (_name, coding, body, code) => {
  expect(() => responseText(body, coding, MAX)).toThrow(expect.objectContaining({ code }));
});

const BOMB = Buffer.alloc(5_000_000);
test.each<[string, Buffer]>([
  ['gzip', gzipSync(BOMB)],
  ['deflate', deflateSync(BOMB)],
  ['br', brotliCompressSync(BOMB)],
  ['zstd', zstdCompressSync(BOMB)],
])('stops decoding %s at the bound', (coding, bomb) => {
  expect(() => responseText(bomb, coding, MAX)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  expect(responseText(gzipSync(Buffer.alloc(MAX, 'x')), 'gzip', MAX)).toHaveLength(MAX);
});
