import type http from 'node:http';
import { gzipSync } from 'node:zlib';
import { createJwksFetch } from '../../src/auth/jwks-fetch.ts';
import { startIssuer, type Issuer } from '../support/issuer.ts';

let issuer: Issuer;
let elsewhere: Issuer;
const fetch = createJwksFetch({ timeoutMs: 400, maxBytes: 1000 });
beforeAll(async () => {
  [issuer, elsewhere] = await Promise.all([startIssuer({ kty: 'x' }), startIssuer()]);
});
afterEach(() => issuer.answerWith(undefined));
afterAll(async () => {
  await fetch.close();
  await issuer.stop();
  await elsewhere.stop();
});

const never = new AbortController().signal;
const get = () => fetch.fetchJwks(new URL(issuer.jwksUri), never);
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'answered',
    (error: { code?: unknown; name?: unknown }) => error.code,
  );

test('gives the document, and asks for one in JSON', async () => {
  let asked: http.IncomingHttpHeaders = {};
  issuer.answerWith((request, response) => {
    asked = request.headers;
    response.end('{"keys":[]}');
  });
  expect(await get()).toEqual({ keys: [] });
  expect(asked.accept).toContain('application/json');
  expect(asked['accept-encoding']).toBe('identity');
  expect(Object.keys(asked).toSorted()).toEqual(['accept', 'accept-encoding', 'connection', 'host']);
});

test('reads a key set that is compressed unasked, behind a byte order mark', async () => {
  issuer.answerWith((_request, response) => {
    response.setHeader('content-encoding', 'gzip').end(gzipSync('\ufeff{"keys":[]}'));
  });
  expect(await get()).toEqual({ keys: [] });
});

test.each([301, 302, 303, 307, 308])('follows no %d', async (status) => {
  issuer.answerWith((_request, response) => {
    response.writeHead(status, { location: elsewhere.jwksUri }).end();
  });
  expect(await codeOf(get())).toBe(`HTTP_${status}`);
  expect(elsewhere.fetches()).toBe(0);
});

test.each<[string, http.RequestListener, string]>([
  ['an error', (_q, s) => s.writeHead(500).end('{"keys":[]}'), 'HTTP_500'],
  ['no JSON', (_q, s) => s.end('<html>'), 'NO_JSON'],
  [
    'a declared length over the bound',
    (_q, s) => s.setHeader('content-length', 1001).end(' '.repeat(1001)),
    'TOO_LARGE',
  ],
  ['a body over the bound', (_q, s) => void (s.write(' '.repeat(600)), s.end(' '.repeat(600))), 'TOO_LARGE'],
  ['a body without end', (_q, s) => void setInterval(() => s.write(' '.repeat(300)), 5).unref(), 'TOO_LARGE'],
  [
    'a compressed body that decodes to more than the bound',
    (_q, s) => s.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(100_000))),
    'TOO_LARGE',
  ],
  [
    'an unknown coding',
    (_q, s) => s.setHeader('content-encoding', 'compress').end('{"keys":[]}'),
    'CONTENT_ENCODING_COMPRESS',
  ],
  ['no answer', () => {}, 'TIMEOUT'],
  ['a body that stalls', (_q, s) => void s.write('{'), 'TIMEOUT'],
  [
    'a connection that breaks',
    (_q, s) => void (s.write('{'), setTimeout(() => s.destroy(), 20)),
    'UND_ERR_SOCKET',
  ],
])('refuses %s', async (_name, handler, code) => {
  issuer.answerWith(handler);
  expect(await codeOf(get())).toBe(code);
  issuer.answerWith(undefined);
  expect(await codeOf(get())).toBe('answered');
});

test('tells that the issuer is down', async () => {
  await elsewhere.stop();
  expect(await codeOf(fetch.fetchJwks(new URL(elsewhere.jwksUri), never))).toBe('ECONNREFUSED');
});
