import { AppError } from '../errors.ts';
import { invalidation } from '../admin/invalidations.ts';
import { revocation } from '../admin/revocations.ts';
import { commonInfo } from './document.ts';
import { HEADERS, responseHeaders } from './headers.ts';
import { ref, type JsonSchema } from '../lib/json-schema.ts';
import { componentParameters, jsonSchema } from './parameters.ts';
import { problemResponse } from './problems.ts';
import { componentSchemas } from './schemas.ts';
import { CONDITIONAL, documentResponses, health } from './service-paths.ts';
import {
  adminFailures,
  INTERNAL_FAILURE,
  REASONS,
  UNAUTHORIZED,
  monitoringPaths,
} from './monitoring-paths.ts';

const REQUEST_ID = [ref('parameters', 'RequestId')];

/** Returns the OpenAPI 3.1 description of the admin port's API. */
export function adminOpenApiDocument(): JsonSchema {
  const { IfMatch, IfNoneMatch, RequestId } = componentParameters(1);
  const { Problem, ErrorCode } = componentSchemas();
  const used = [
    'X-Request-Id',
    'Cache-Control',
    'Cache-Control-None',
    'ETag',
    'WWW-Authenticate',
    'Retry-After',
  ] as const;
  return {
    openapi: '3.1.1',
    info: {
      ...commonInfo(),
      title: 'zyntro-bff admin API',
      description:
        'The API of the admin port. If ADMIN_TOKEN is set, every route except the health checks requires it as a bearer token.',
    },
    servers: [{ url: '/', description: 'The admin port' }],
    tags: [
      { name: 'Operation', description: 'Actions of an operator, or of the CRM on its behalf.' },
      { name: 'Monitoring', description: 'Status and metrics, for people and for Prometheus.' },
      { name: 'Health', description: 'Health checks. They require no token.' },
      { name: 'Service', description: 'This description.' },
    ],
    paths: {
      '/invalidations': { post: invalidate() },
      '/revocations': { post: revoke() },
      ...monitoringPaths(),
      '/healthz': {
        get: {
          tags: ['Health'],
          security: [],
          operationId: 'getLiveness',
          summary: 'Check liveness',
          description: 'It does not depend on Redis or on the CRM.',
          parameters: REQUEST_ID,
          responses: { 200: health('The process responds.', ['ok']), ...adminFailures() },
        },
      },
      '/readyz': {
        get: {
          tags: ['Health'],
          security: [],
          operationId: 'getReadiness',
          summary: 'Check readiness, with the reasons',
          description: 'A degraded instance still serves the requests that it can, mainly from its cache.',
          parameters: REQUEST_ID,
          responses: {
            200: health('Ready or degraded.', ['ready', 'degraded'], { reasons: REASONS }),
            ...adminFailures(),
            503: health('Starting or draining.', ['starting', 'draining'], { reasons: REASONS }),
          },
        },
      },
      '/openapi.json': {
        get: {
          ...operation('getOpenApi', 'This description', 'Service'),
          description: 'It has the routes of the admin port.',
          parameters: CONDITIONAL,
          responses: {
            ...documentResponses(),
            ...adminFailures(),
            401: UNAUTHORIZED,
            412: problemResponse(412, [new AppError('PRECONDITION_FAILED')]),
            500: INTERNAL_FAILURE,
          },
        },
      },
    },
    components: {
      securitySchemes: { operator: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN.' } },
      parameters: { IfMatch, IfNoneMatch, RequestId },
      headers: Object.fromEntries(used.map((name) => [name, HEADERS[name]])),
      schemas: { Problem, ErrorCode },
    },
  };
}

function invalidate(): JsonSchema {
  return {
    ...operation('invalidate', 'Invalidate a cached contact'),
    description:
      'After the 204, no request of any member is served data that was fetched before the invalidation.',
    requestBody: jsonBody(jsonSchema(invalidation), {
      contact: {
        value: {
          orgId: '5f0c3c8e-7f5e-4a3c-9b1d-2f6f4c1b7a10',
          contactId: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890',
        },
      },
    }),
    responses: {
      ...responses('The contact was invalidated.', ['INVALID_REQUEST', 'INVALID_CONTACT_ID']),
      503: problemResponse(503, [new AppError('CACHE_UNAVAILABLE')]),
    },
  };
}

function revoke(): JsonSchema {
  return {
    ...operation('revoke', 'Revoke a token, or all earlier tokens of a subject'),
    description:
      'After the 204, every earlier token is rejected, even if the clock of its issuer is ahead by up to `JWT_CLOCK_TOLERANCE_S`. A user who logs in within that time after a revocation may therefore have to log in again.',
    requestBody: jsonBody(jsonSchema(revocation), {
      token: { value: { jti: 'the-id-of-the-token' } },
      subject: { value: { sub: 'the-subject' } },
    }),
    responses: {
      ...responses('The revocation is in effect.', ['INVALID_REQUEST']),
      503: problemResponse(503, [new AppError('CACHE_UNAVAILABLE')]),
    },
  };
}

function operation(operationId: string, summary: string, tag = 'Operation') {
  return {
    operationId,
    summary,
    tags: [tag],
    security: [{ operator: [] }],
    parameters: REQUEST_ID,
  };
}

function responses(done: string, badRequests: readonly ('INVALID_REQUEST' | 'INVALID_CONTACT_ID')[]) {
  return {
    204: { description: done, headers: responseHeaders('X-Request-Id') },
    ...adminFailures(badRequests),
    401: UNAUTHORIZED,
    500: INTERNAL_FAILURE,
  };
}

function jsonBody(schema: JsonSchema, examples: JsonSchema): JsonSchema {
  return { required: true, content: { 'application/json': { schema, examples } } };
}
