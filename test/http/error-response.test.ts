import express from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { AppError, ERROR_CODES, type ErrorCode, type ErrorDetails } from '../../src/errors.ts';
import { errorResponse } from '../../src/http/error-response.ts';
import { requestContext } from '../../src/http/middleware/context.ts';
import { problemOf } from '../../src/http/problem.ts';

async function challengeOf(code: ErrorCode, details?: ErrorDetails): Promise<string | undefined> {
  const app = express();
  app.use(requestContext(), () => {
    throw new AppError(code, details);
  });
  app.use(errorResponse(pino({ level: 'silent' })));
  return (await request(app).get('/')).headers['www-authenticate'];
}

const codesOf = (status: number) =>
  ERROR_CODES.filter((code) => problemOf(new AppError(code)).status === status);

test.each(codesOf(401))('%s has a challenge', async (code) => {
  expect(await challengeOf(code)).toMatch(/^Bearer realm="zyntro-bff"/);
});

test.each(codesOf(403))('%s has no challenge if no scope would help', async (code) => {
  expect(await challengeOf(code)).toBeUndefined();
});

test('INSUFFICIENT_SCOPE has a challenge that names the missing scopes', async () => {
  expect(await challengeOf('INSUFFICIENT_SCOPE', { requiredScope: 'notes:write contacts:read' })).toBe(
    'Bearer realm="zyntro-bff", error="insufficient_scope", scope="notes:write contacts:read"',
  );
});
