import express from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { authenticate } from '../../../src/http/middleware/authenticate.ts';
import { AppError } from '../../../src/errors.ts';
import { errorResponse } from '../../../src/http/error-response.ts';
import { requestContext } from '../../../src/http/middleware/context.ts';
import { respond } from '../../../src/http/respond.ts';
import { callerOf } from '../../../src/http/request-context.ts';

const NAME = '__Host-token';
const ORIGIN = 'https://app.example';

const verify = async (token: string) => {
  if (!token.startsWith('good')) throw new AppError('INVALID_TOKEN');
  return { issuer: '', subject: token, org: '', member: '', scopes: new Set<string>(), tier: undefined };
};

/** Creates a server with a route for every method, because the program does not have unsafe methods. */
function server(cookie: Parameters<typeof authenticate>[0]['cookie']) {
  const app = express();
  app.use(requestContext(), authenticate({ verify, cookie }));
  app.all('/', (req, res) => respond(res, 200, ['Content-Type', 'text/plain'], callerOf(req).subject));
  app.use(errorResponse(pino({ level: 'silent' })));
  return app;
}
const withCookie = server({ name: NAME, origins: [ORIGIN] });
const headerOnly = server(undefined);

type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete';
async function send(app: express.Express, method: Method, headers: Record<string, string>) {
  const { status, body, text, headers: answered } = await request(app)[method]('/').set(headers);
  return { answer: status === 200 ? text : `${status} ${body.code}`, status, headers: answered };
}
const answerOf = async (headers: Record<string, string>, method: Method = 'get', app = withCookie) =>
  (await send(app, method, headers)).answer;

const CSRF = { 'x-requested-with': 'fetch' };

test('accepts the token in the header or in the cookie', async () => {
  expect(await answerOf({ authorization: 'Bearer good1' })).toBe('good1');
  expect(await answerOf({ ...CSRF, cookie: `a=b; ${NAME}=good2; c=d` })).toBe('good2');
  expect(await answerOf({ ...CSRF, cookie: `a=b;${NAME}=good2` })).toBe('good2');
});

const both = (authorization: string, value: string) =>
  answerOf({ authorization, cookie: `${NAME}=${value}` });

test('rejects a header and a cookie with different tokens, and accepts equal ones', async () => {
  expect(await both('Bearer good1', 'good1')).toBe('good1');
  expect(await both('Bearer good1', 'good2')).toBe('400 INVALID_REQUEST');
  expect(await both('Bearer good1', 'bad')).toBe('400 INVALID_REQUEST');
  expect(await both('Bearer bad', 'good1')).toBe('400 INVALID_REQUEST');
  expect(await both('Basic Z29vZDE6', 'good1')).toBe('400 INVALID_REQUEST');
});

test.each([
  ['no cookie', '', '401 MISSING_TOKEN'],
  ['another name', 'token=good1', '401 MISSING_TOKEN'],
  ['the name in another case', '__host-token=good1', '401 MISSING_TOKEN'],
  ['the name as the end of another', `x${NAME}=good1`, '401 MISSING_TOKEN'],
  ['the name without a value', NAME, '401 MISSING_TOKEN'],
  ['an empty value', `${NAME}=`, '401 MISSING_TOKEN'],
  ['an empty value in quotes', `${NAME}=""`, '401 MISSING_TOKEN'],
  ['an empty value beside a good one', `${NAME}=; ${NAME}=good1`, 'good1'],
  ['a value in quotes', `${NAME}="good1"`, 'good1'],
  ['a value with one quote', `${NAME}="bad`, '401 INVALID_TOKEN'],
  ['a bad token', `${NAME}=bad`, '401 INVALID_TOKEN'],
  ['two of the name', `${NAME}=good1; ${NAME}=good2`, '401 INVALID_TOKEN'],
  ['two of the name that agree', `${NAME}=good1; ${NAME}=good1`, '401 INVALID_TOKEN'],
  ['a value with a space', `${NAME}=good1 x`, '401 INVALID_TOKEN'],
])('a cookie header with %s (%s) gives %s', async (_name, cookie, answer) => {
  expect(await answerOf(cookie === '' ? CSRF : { ...CSRF, cookie })).toBe(answer);
});

test('ignores an empty cookie when the header has a token', async () => {
  for (const value of ['', '""'])
    expect(await answerOf({ authorization: 'Bearer good1', cookie: `${NAME}=${value}` })).toBe('good1');
});

test.each(['header', 'cookie'])(
  'accepts a token of 8,192 bytes in the %s and returns 431 for a longer one',
  async (location) => {
    const send = (token: string) =>
      answerOf(
        location === 'header'
          ? { authorization: `Bearer ${token}` }
          : { ...CSRF, cookie: `${NAME}=${token}` },
      );
    const longest = `good${'x'.repeat(8188)}`;
    expect(await send(longest)).toBe(longest);
    expect(await send(`${longest}x`)).toBe('431 REQUEST_HEADERS_TOO_LARGE');
    expect(await send(`bad${'x'.repeat(8190)}`)).toBe('431 REQUEST_HEADERS_TOO_LARGE');
  },
);

const challenge = async (headers: Record<string, string>) =>
  (await send(withCookie, 'get', headers)).headers['www-authenticate'];

test('adds an error code to the challenge only if the request has bearer credentials', async () => {
  expect(await challenge({})).toBe('Bearer realm="zyntro-bff"');
  expect(await challenge({ authorization: 'Basic Z29vZDE6' })).toBe('Bearer realm="zyntro-bff"');
  expect(await challenge({ cookie: `${NAME}=` })).toBe('Bearer realm="zyntro-bff"');
  expect(await challenge({ authorization: 'Bearer bad' })).toBe(
    'Bearer realm="zyntro-bff", error="invalid_token"',
  );
});

const unsafe: Method[] = ['post', 'put', 'patch', 'delete'];
const cookie = `${NAME}=good1`;
const sameOrigin = { 'sec-fetch-site': 'same-origin' };
test.each(unsafe)('%s with the cookie requires the CSRF header, and no Origin', async (method) => {
  for (const header of [CSRF, sameOrigin]) {
    expect(await answerOf({ cookie, ...header }, method)).toBe('good1');
    expect(await answerOf({ cookie, ...header, origin: ORIGIN }, method)).toBe('good1');
    for (const origin of ['https://evil.example', 'null', ''])
      expect(await answerOf({ cookie, ...header, origin }, method)).toBe('400 INVALID_REQUEST');
  }
  expect(await answerOf({ cookie, origin: ORIGIN }, method)).toBe('403 CSRF_HEADER_MISSING');
  expect(await answerOf({ cookie }, method)).toBe('403 CSRF_HEADER_MISSING');
});

test.each<[string, Record<string, string>, string]>([
  ['neither header', {}, '403 CSRF_HEADER_MISSING'],
  ['an empty X-Requested-With', { 'x-requested-with': '' }, '403 CSRF_HEADER_MISSING'],
  ['a same-site page', { 'sec-fetch-site': 'same-site' }, '403 CSRF_HEADER_MISSING'],
  ['a cross-site page', { 'sec-fetch-site': 'cross-site' }, '403 CSRF_HEADER_MISSING'],
  ['a navigation by the user', { 'sec-fetch-site': 'none' }, '403 CSRF_HEADER_MISSING'],
  ['another spelling', { 'sec-fetch-site': 'same-origin, cross-site' }, '403 CSRF_HEADER_MISSING'],
  ['an allowed Origin alone', { origin: ORIGIN }, '403 CSRF_HEADER_MISSING'],
  ['X-Requested-With', CSRF, 'good1'],
  ['a page of this origin', sameOrigin, 'good1'],
  [
    'a page of this origin that sends Origin',
    { ...sameOrigin, host: 'bff.example', origin: 'https://bff.example' },
    'good1',
  ],
  ['a page of an allowed origin', { ...CSRF, origin: ORIGIN }, 'good1'],
  ['a page of another origin', { ...CSRF, origin: 'https://evil.example' }, '400 INVALID_REQUEST'],
  ['a page without an origin', { ...CSRF, origin: 'null' }, '400 INVALID_REQUEST'],
  [
    'an origin that begins like an allowed one',
    { ...CSRF, origin: `${ORIGIN}.evil.example` },
    '400 INVALID_REQUEST',
  ],
])('a GET with the cookie and %s gives %s', async (_name, headers, answer) => {
  expect(await answerOf({ cookie, ...headers })).toBe(answer);
  expect((await send(withCookie, 'head', { cookie, ...headers })).status).toBe(
    answer === 'good1' ? 200 : Number(answer.slice(0, 3)),
  );
});

test('checks the CSRF header before it reads the cookie', async () => {
  for (const value of ['bad', `good1; ${NAME}=good2`, 'x'.repeat(9000)])
    expect(await answerOf({ cookie: `${NAME}=${value}` })).toBe('403 CSRF_HEADER_MISSING');
});

test.each(unsafe)(
  '%s with the Authorization header requires neither Origin nor X-Requested-With',
  async (method) => {
    expect(await answerOf({ authorization: 'Bearer good1' }, method)).toBe('good1');
    expect(await answerOf({ authorization: 'Bearer good1', cookie }, method)).toBe('good1');
  },
);

test('sends Vary: Cookie with every response if a cookie is configured', async () => {
  expect((await send(withCookie, 'get', { cookie, ...CSRF })).headers['vary']).toMatch(/\bCookie\b/);
  expect((await send(withCookie, 'get', {})).headers['vary']).toMatch(/\bCookie\b/);
  expect((await send(headerOnly, 'get', {})).headers['vary'] ?? '').not.toMatch(/\bCookie\b/);
});

test('ignores cookies if no cookie is configured', async () => {
  expect(await answerOf({ cookie }, 'get', headerOnly)).toBe('401 MISSING_TOKEN');
  expect(await answerOf({ cookie, authorization: 'Bearer good2' }, 'get', headerOnly)).toBe('good2');
});
