import type http from 'node:http';
import { gzipSync } from 'node:zlib';
import { createJwksFetch } from '../../src/auth/jwks-fetch.ts';
import { startIssuer, type Issuer } from '../support/issuer.ts';

let issuer: Issuer;
let other: Issuer;
/** A busy machine needs more than a few hundred milliseconds for a response. */
const TIMEOUT_MS = 3000;
const fetch = createJwksFetch({ timeoutMs: TIMEOUT_MS, maxBytes: 1000 });
beforeAll(async () => {
  [issuer, other] = await Promise.all([startIssuer({ kty: 'x' }), startIssuer()]);
});
afterEach(() => issuer.answerWith(undefined));
afterAll(async () => {
  await fetch.close();
  await issuer.stop();
  await other.stop();
});

const never = new AbortController().signal;
const get = () => fetch.fetchJwks(new URL(issuer.jwksUri), never);
const codeOf = (fetched: Promise<unknown>) =>
  fetched.then(
    () => 'fetched',
    (error: { code?: unknown; name?: unknown }) => error.code,
  );

test('requests JSON and returns the parsed document', async () => {
  let sent: http.IncomingHttpHeaders = {};
  issuer.answerWith((request, response) => {
    sent = request.headers;
    response.end('{"keys":[]}');
  });
  expect(await get()).toEqual({ keys: [] });
  expect(sent.accept).toContain('application/json');
  expect(sent['accept-encoding']).toBe('identity');
  expect(Object.keys(sent).toSorted()).toEqual(['accept', 'accept-encoding', 'connection', 'host']);
});

test('reads a key set with an unrequested content encoding and a byte order mark', async () => {
  issuer.answerWith((_request, response) => {
    response.setHeader('content-encoding', 'gzip').end(gzipSync('\ufeff{"keys":[]}'));
  });
  expect(await get()).toEqual({ keys: [] });
});

test.each([301, 302, 303, 307, 308])('does not follow a %d redirect', async (status) => {
  issuer.answerWith((_request, response) => {
    response.writeHead(status, { location: other.jwksUri }).end();
  });
  expect(await codeOf(get())).toBe(`HTTP_${status}`);
  expect(other.fetches()).toBe(0);
});

test.each<[string, http.RequestListener, string]>([
  ['an error status', (_q, s) => s.writeHead(500).end('{"keys":[]}'), 'HTTP_500'],
  ['a body that is not JSON', (_q, s) => s.end('<html>'), 'NO_JSON'],
  [
    'a declared length over the bound',
    (_q, s) => s.setHeader('content-length', 1001).end(' '.repeat(1001)),
    'TOO_LARGE',
  ],
  ['a body over the bound', (_q, s) => void (s.write(' '.repeat(600)), s.end(' '.repeat(600))), 'TOO_LARGE'],
  ['an endless body', (_q, s) => void setInterval(() => s.write(' '.repeat(300)), 5).unref(), 'TOO_LARGE'],
  [
    'a compressed body that decodes to more than the bound',
    (_q, s) => s.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(100_000))),
    'TOO_LARGE',
  ],
  [
    'an unknown content coding',
    (_q, s) => s.setHeader('content-encoding', 'compress').end('{"keys":[]}'),
    'CONTENT_ENCODING_COMPRESS',
  ],
  ['a missing response', () => {}, 'TIMEOUT'],
  ['a body that stalls', (_q, s) => void s.write('{'), 'TIMEOUT'],
  [
    'a connection that breaks',
    (_q, s) => void (s.write('{'), setTimeout(() => s.destroy(), 20)),
    'UND_ERR_SOCKET',
  ],
])('fails on %s and fetches again afterwards', async (_name, handler, code) => {
  issuer.answerWith(handler);
  expect(await codeOf(get())).toBe(code);
  issuer.answerWith(undefined);
  expect(await codeOf(get())).toBe('fetched');
});

test('throws ECONNREFUSED if the issuer is down', async () => {
  await other.stop();
  expect(await codeOf(fetch.fetchJwks(new URL(other.jwksUri), never))).toBe('ECONNREFUSED');
});
