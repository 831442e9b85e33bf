import { responseHeaders } from './headers.ts';
import { ref, type JsonSchema } from '../lib/json-schema.ts';
import { openConditionalFailures, openFailures } from './problems.ts';

const SERVICE = { tags: ['Service'], security: [] };
export const CONDITIONAL = ['IfMatch', 'IfNoneMatch', 'RequestId'].map((name) => ref('parameters', name));
const NO_STORE_HEADERS = responseHeaders('X-Request-Id', 'Cache-Control-None');
const CACHEABLE_HEADERS = responseHeaders('X-Request-Id', 'ETag', 'Cache-Control');

/** Returns the routes that require no token. */
export function servicePaths(): Record<string, JsonSchema> {
  return {
    '/openapi.json': {
      get: {
        ...SERVICE,
        operationId: 'getOpenApi',
        summary: 'This description',
        description: 'It has the operations that this server offers.',
        parameters: CONDITIONAL,
        responses: { ...documentResponses(), ...openConditionalFailures() },
      },
    },
    '/docs': {
      get: {
        ...SERVICE,
        operationId: 'getDocs',
        summary: 'Interactive documentation',
        description: 'A page to read this description, and to send requests with a token.',
        parameters: CONDITIONAL,
        responses: {
          ...cacheable('The page.', 'text/html', { type: 'string' }),
          ...openConditionalFailures(),
        },
      },
    },
    '/healthz': {
      get: {
        ...SERVICE,
        operationId: 'getLiveness',
        summary: 'Check liveness',
        description: 'It does not depend on Redis or on the CRM.',
        parameters: [ref('parameters', 'RequestId')],
        responses: { 200: health('The process responds.', ['ok']), ...openFailures() },
      },
    },
    '/readyz': {
      get: {
        ...SERVICE,
        operationId: 'getReadiness',
        summary: 'Check readiness',
        description: 'A degraded instance still serves the requests that it can, mainly from its cache.',
        parameters: [ref('parameters', 'RequestId')],
        responses: {
          200: health('Ready or degraded.', ['ready', 'degraded']),
          503: health('Starting or draining.', ['starting', 'draining']),
          ...openFailures(),
        },
      },
    },
  };
}

export function health(
  description: string,
  statuses: readonly string[],
  more: Record<string, JsonSchema> = {},
) {
  const properties = { status: { type: 'string', enum: statuses }, ...more };
  const schema = {
    type: 'object',
    required: Object.keys(properties),
    properties,
    additionalProperties: false,
  };
  const examples = Object.fromEntries(
    statuses.map((status) => [
      status,
      { value: { status, ...Object.fromEntries(Object.keys(more).map((name) => [name, []])) } },
    ]),
  );
  return { description, headers: NO_STORE_HEADERS, content: { 'application/json': { schema, examples } } };
}

/** Returns the responses with an OpenAPI document. */
export function documentResponses() {
  return cacheable('OpenAPI 3.1, as JSON.', 'application/json', { type: 'object' });
}

function cacheable(description: string, type: string, schema: JsonSchema) {
  return {
    200: { description, headers: CACHEABLE_HEADERS, content: { [type]: { schema } } },
    304: { description: 'Not modified.', headers: CACHEABLE_HEADERS },
  };
}
