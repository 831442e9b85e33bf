import { AppError } from '../errors.ts';
import { responseHeaders } from './headers.ts';
import { ref, type JsonSchema } from './json-schema.ts';
import { problemResponse } from './problems.ts';

const TEXT: JsonSchema = { type: 'string' };
const TIME: JsonSchema = { type: 'string', format: 'date-time' };
const NULLABLE_TEXT: JsonSchema = { type: ['string', 'null'] };
const FAULT = { component: TEXT, detail: TEXT, since: TIME };

export const REASONS: JsonSchema = {
  ...listOf(FAULT),
  description: 'What is wrong, and since when.',
};

const STATUS: JsonSchema = record({
  at: TIME,
  version: TEXT,
  node: TEXT,
  uptimeS: { type: 'number', minimum: 0 },
  upstream: { ...TEXT, description: 'Host and port that calls go to.' },
  egress: {
    ...record({ localAddress: NULLABLE_TEXT, proxy: NULLABLE_TEXT }),
    description: 'Where calls leave from: an address of this machine, an egress proxy, or whatever there is.',
  },
  status: { type: 'string', enum: ['starting', 'ready', 'degraded', 'draining'] },
  reasons: REASONS,
  past: { ...listOf({ ...FAULT, until: TIME }), description: 'The last faults that are over, newest first.' },
  metrics: {
    type: 'object',
    description:
      'Every metric of ours by its name without `zyntro_bff_`; counters and histograms since the process started.',
    additionalProperties: listOf({
      labels: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
      value: { type: 'number' },
    }),
  },
});

/** What is there to be looked at, by people and by programs. */
export function watching(): Record<string, JsonSchema> {
  return {
    '/': {
      get: {
        ...operation('getOperatorsPage', 'The operators’ page'),
        description:
          'It fetches `/status`. Without the token a browser is answered with the same page as a 401, which asks for it.',
        responses: {
          ...plain('The page.', 'text/html', TEXT),
          401: refused({ 'text/html': { schema: TEXT } }),
        },
      },
    },
    '/status': {
      get: {
        ...operation('getStatus', 'What the operators’ page shows'),
        responses: { ...plain('All of it.', 'application/json', STATUS), 401: refused(), 503: incomplete() },
      },
    },
    '/metrics': {
      get: {
        ...operation('getMetrics', 'What Prometheus scrapes'),
        responses: {
          ...plain('The text format of Prometheus.', 'text/plain', TEXT),
          401: refused(),
          503: incomplete(),
        },
      },
    },
  };
}

function operation(operationId: string, summary: string) {
  return {
    operationId,
    summary,
    tags: ['Watching'],
    security: [{ operator: [] }],
    parameters: [ref('parameters', 'RequestId')],
  };
}

function plain(description: string, type: string, schema: JsonSchema) {
  const headers = responseHeaders('X-Request-Id', 'Cache-Control-None');
  return {
    200: { description, headers, content: { [type]: { schema } } },
    400: problemResponse(400, [new AppError('INVALID_REQUEST')]),
    500: problemResponse(500, [new AppError('INTERNAL_ERROR')]),
  };
}

function refused(more: JsonSchema = {}) {
  const response = problemResponse(401, [new AppError('MISSING_TOKEN'), new AppError('INVALID_TOKEN')]);
  return { ...response, content: { ...response.content, ...more } };
}

/** Of several processes, one does not answer. */
function incomplete() {
  return problemResponse(503, [new AppError('OVERLOADED')]);
}

function record(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties, additionalProperties: false };
}

function listOf(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: 'array', items: record(properties) };
}
