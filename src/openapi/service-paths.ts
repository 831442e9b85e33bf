import { responseHeaders } from './headers.ts';
import { ref, type JsonSchema } from './json-schema.ts';
import { openConditionalFailures, openFailures } from './problems.ts';

const SERVICE = { tags: ['Service'], security: [] };
const CONDITIONAL = ['IfMatch', 'IfNoneMatch', 'RequestId'].map((name) => ref('parameters', name));
const PLAIN = responseHeaders('X-Request-Id', 'Cache-Control-None');
const KEPT = responseHeaders('X-Request-Id', 'ETag', 'Cache-Control');

/** The routes that ask for no token. */
export function servicePaths(): Record<string, JsonSchema> {
  return {
    '/openapi.json': {
      get: {
        ...SERVICE,
        operationId: 'getOpenApi',
        summary: 'This description',
        parameters: CONDITIONAL,
        responses: {
          200: kept('OpenAPI 3.1, as JSON.', 'application/json', { type: 'object' }),
          304: { description: 'What you have still holds.', headers: KEPT },
          ...openConditionalFailures(),
        },
      },
    },
    '/docs': {
      get: {
        ...SERVICE,
        operationId: 'getDocs',
        summary: 'A page to read this description and try it',
        parameters: CONDITIONAL,
        responses: {
          200: kept('The page.', 'text/html', { type: 'string' }),
          304: { description: 'What you have still holds.', headers: KEPT },
          ...openConditionalFailures(),
        },
      },
    },
    '/healthz': {
      get: {
        ...SERVICE,
        operationId: 'getLiveness',
        summary: 'Whether the process answers',
        parameters: [ref('parameters', 'RequestId')],
        responses: { 200: health('It does.', ['ok']), ...openFailures() },
      },
    },
    '/readyz': {
      get: {
        ...SERVICE,
        operationId: 'getReadiness',
        summary: 'Whether requests should be sent here',
        description: 'A degraded instance answers what it can, from its cache above all.',
        parameters: [ref('parameters', 'RequestId')],
        responses: {
          200: health('They should.', ['ready', 'degraded']),
          503: health('They should not: it is starting or stopping.', ['starting', 'draining']),
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
  return { description, headers: PLAIN, content: { 'application/json': { schema, examples } } };
}

function kept(description: string, type: string, schema: JsonSchema) {
  return { description, headers: KEPT, content: { [type]: { schema } } };
}
