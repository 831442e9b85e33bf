import { AppError } from '../errors.ts';
import { invalidation } from '../http/request-schemas.ts';
import { revocation } from '../admin/revocations.ts';
import { commonInfo } from './document.ts';
import { HEADERS, responseHeaders } from './headers.ts';
import { ref, type JsonSchema } from './json-schema.ts';
import { componentParameters, jsonSchema } from './parameters.ts';
import { problemResponse } from './problems.ts';
import { componentSchemas } from './schemas.ts';
import { health } from './service-paths.ts';
import { REASONS, watching } from './watching-paths.ts';

const BAD_REQUEST = problemResponse(400, [new AppError('INVALID_REQUEST')]);
const REQUEST_ID = [ref('parameters', 'RequestId')];

/** The OpenAPI 3.1 description of the admin port's routes for programs. */
export function adminOpenApiDocument(): JsonSchema {
  const { RequestId } = componentParameters(1);
  const { Problem, ErrorCode } = componentSchemas();
  const used = ['X-Request-Id', 'Cache-Control-None', 'WWW-Authenticate', 'Retry-After'] as const;
  return {
    openapi: '3.1.1',
    info: {
      ...commonInfo(),
      title: 'zyntro-bff, for operators',
      description:
        'The admin port. Where ADMIN_TOKEN is set, everything but the health checks asks for it as a bearer token.',
    },
    servers: [{ url: '/', description: 'The admin port' }],
    tags: [
      { name: 'Operation', description: 'What an operator, or the CRM on its behalf, has done.' },
      { name: 'Watching', description: 'What the proxy does, for people and for Prometheus.' },
      { name: 'Health', description: 'Open to all who reach the port.' },
    ],
    paths: {
      '/invalidations': { post: invalidate() },
      '/revocations': { post: revoke() },
      ...watching(),
      '/healthz': {
        get: {
          tags: ['Health'],
          security: [],
          operationId: 'getLiveness',
          summary: 'Whether the process answers',
          parameters: REQUEST_ID,
          responses: { 200: health('It does.', ['ok']), 400: BAD_REQUEST },
        },
      },
      '/readyz': {
        get: {
          tags: ['Health'],
          security: [],
          operationId: 'getReadiness',
          summary: 'Whether requests should be sent here, and what is wrong',
          parameters: REQUEST_ID,
          responses: {
            200: health('They should.', ['ready', 'degraded'], { reasons: REASONS }),
            400: BAD_REQUEST,
            503: health('They should not.', ['starting', 'draining'], { reasons: REASONS }),
          },
        },
      },
    },
    components: {
      securitySchemes: { operator: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN.' } },
      parameters: { RequestId },
      headers: Object.fromEntries(used.map((name) => [name, HEADERS[name]])),
      schemas: { Problem, ErrorCode },
    },
  };
}

function invalidate(): JsonSchema {
  return {
    ...operation('invalidate', 'Forget a contact'),
    description:
      'Once this is answered no later request is served what was fetched before, whichever member asks.',
    requestBody: jsonBody(jsonSchema(invalidation), {
      contact: {
        value: {
          orgId: '5f0c3c8e-7f5e-4a3c-9b1d-2f6f4c1b7a10',
          contactId: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890',
        },
      },
    }),
    responses: {
      ...responses('It is forgotten.', ['INVALID_REQUEST', 'INVALID_CONTACT_ID']),
      503: problemResponse(503, [new AppError('CACHE_UNAVAILABLE')]),
    },
  };
}

function revoke(): JsonSchema {
  return {
    ...operation('revoke', 'Refuse a token, or the tokens of a subject so far'),
    description:
      'After the 204 every earlier token is refused, also one from an issuer whose clock is ahead by up to `JWT_CLOCK_TOLERANCE_S`. A login within that time after a revocation may therefore have to be repeated.',
    requestBody: jsonBody(jsonSchema(revocation), {
      token: { value: { jti: 'the-id-of-the-token' } },
      subject: { value: { sub: 'the-subject' } },
    }),
    responses: {
      ...responses('From now on they are refused.', ['INVALID_REQUEST']),
      503: problemResponse(503, [new AppError('CACHE_UNAVAILABLE')]),
    },
  };
}

function operation(operationId: string, summary: string) {
  return {
    operationId,
    summary,
    tags: ['Operation'],
    security: [{ operator: [] }],
    parameters: REQUEST_ID,
  };
}

function responses(done: string, faults: readonly ('INVALID_REQUEST' | 'INVALID_CONTACT_ID')[]) {
  return {
    204: { description: done, headers: responseHeaders('X-Request-Id') },
    400: problemResponse(
      400,
      faults.map((code) => new AppError(code)),
    ),
    401: problemResponse(401, [new AppError('MISSING_TOKEN'), new AppError('INVALID_TOKEN')]),
    413: problemResponse(413, [new AppError('CONTENT_TOO_LARGE')]),
    500: problemResponse(500, [new AppError('INTERNAL_ERROR')]),
  };
}

function jsonBody(schema: JsonSchema, examples: JsonSchema): JsonSchema {
  return { required: true, content: { 'application/json': { schema, examples } } };
}
