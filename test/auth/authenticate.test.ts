import express from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { authenticate } from '../../src/auth/authenticate.ts';
import { AppError } from '../../src/errors.ts';
import { errorResponse } from '../../src/http/error-response.ts';
import { requestScope } from '../../src/http/open-scope.ts';
import { callerOf } from '../../src/scope.ts';

const NAME = '__Host-token';
const ORIGIN = 'https://app.example';

const verify = async (token: string) => {
  if (!token.startsWith('good')) throw new AppError('INVALID_TOKEN');
  return { issuer: '', subject: token, org: '', member: '', scopes: new Set<string>(), tier: undefined };
};

/** Routes of every kind of method behind authentication, which the program itself does not have. */
function server(cookie: Parameters<typeof authenticate>[0]['cookie']) {
  const app = express();
  app.use(requestScope(), authenticate({ verify, cookie }));
  app.all('/', (req, res) => void res.send(callerOf(req).subject));
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

test('the token travels in the header or in the cookie', async () => {
  expect(await answerOf({ authorization: 'Bearer good1' })).toBe('good1');
  expect(await answerOf({ cookie: `a=b; ${NAME}=good2; c=d` })).toBe('good2');
  expect(await answerOf({ cookie: `a=b;${NAME}=good2` })).toBe('good2');
});

const both = (authorization: string, value: string) =>
  answerOf({ authorization, cookie: `${NAME}=${value}` });

test('the same in both is the same; different ones are refused, whichever is good', async () => {
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
  ['an empty value', `${NAME}=`, '401 INVALID_TOKEN'],
  ['a value in quotes', `${NAME}="good1"`, '401 INVALID_TOKEN'],
  ['a bad token', `${NAME}=bad`, '401 INVALID_TOKEN'],
  ['two of the name', `${NAME}=good1; ${NAME}=good2`, '401 INVALID_TOKEN'],
  ['two of the name that agree', `${NAME}=good1; ${NAME}=good1`, '401 INVALID_TOKEN'],
  ['a value with a space', `${NAME}=good1 x`, '401 INVALID_TOKEN'],
])('%s: %s is %s', async (_name, cookie, answer) => {
  expect(await answerOf(cookie === '' ? {} : { cookie })).toBe(answer);
});

const unsafe: Method[] = ['post', 'put', 'patch', 'delete'];
const cookie = `${NAME}=good1`;
test.each(unsafe)('%s with the cookie needs an allowed Origin and the header', async (method) => {
  const csrf = { 'x-requested-with': 'fetch' };
  expect(await answerOf({ cookie, origin: ORIGIN, ...csrf }, method)).toBe('good1');
  expect(await answerOf({ cookie, origin: ORIGIN }, method)).toBe('400 INVALID_REQUEST');
  expect(await answerOf({ cookie, origin: ORIGIN, 'x-requested-with': '' }, method)).toBe(
    '400 INVALID_REQUEST',
  );
  expect(await answerOf({ cookie, ...csrf }, method)).toBe('400 INVALID_REQUEST');
  expect(await answerOf({ cookie, origin: 'null', ...csrf }, method)).toBe('400 INVALID_REQUEST');
  expect(await answerOf({ cookie, origin: `${ORIGIN}.evil.example`, ...csrf }, method)).toBe(
    '400 INVALID_REQUEST',
  );
});

test.each(unsafe)('%s with the header needs neither', async (method) => {
  expect(await answerOf({ authorization: 'Bearer good1' }, method)).toBe('good1');
  expect(await answerOf({ authorization: 'Bearer good1', cookie }, method)).toBe('good1');
});

test('a safe method needs neither, but no page of another origin gets one through', async () => {
  expect(await answerOf({ cookie }, 'get')).toBe('good1');
  expect((await send(withCookie, 'head', { cookie })).status).toBe(200);
  expect(await answerOf({ cookie, origin: ORIGIN })).toBe('good1');
  expect(await answerOf({ cookie, origin: 'https://evil.example' })).toBe('400 INVALID_REQUEST');
});

test('answers vary by the cookie, refusals included, where there is one', async () => {
  expect((await send(withCookie, 'get', { cookie })).headers['vary']).toMatch(/\bCookie\b/);
  expect((await send(withCookie, 'get', {})).headers['vary']).toMatch(/\bCookie\b/);
  expect((await send(headerOnly, 'get', {})).headers['vary'] ?? '').not.toMatch(/\bCookie\b/);
});

test('a cookie is nothing where none is configured', async () => {
  expect(await answerOf({ cookie }, 'get', headerOnly)).toBe('401 MISSING_TOKEN');
  expect(await answerOf({ cookie, authorization: 'Bearer good2' }, 'get', headerOnly)).toBe('good2');
});
