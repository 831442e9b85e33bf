import { AppError, type ErrorCode } from '../errors.ts';
import { responseHeaders } from './headers.ts';
import { ref, type JsonSchema } from '../lib/json-schema.ts';
import { problemResponse } from './problems.ts';

const TEXT: JsonSchema = { type: 'string' };
const TIME: JsonSchema = { type: 'string', format: 'date-time' };
const NULLABLE_TEXT: JsonSchema = { type: ['string', 'null'] };
const REASON = { component: TEXT, detail: TEXT, since: TIME };

export const REASONS: JsonSchema = {
  ...listOf(REASON),
  description: 'The reasons for the status, each with its start time.',
};

const COUNT: JsonSchema = { type: 'number', minimum: 0 };
const SECONDS: JsonSchema = { type: ['number', 'null'], minimum: 0 };
const INTERVAL = {
  seconds: COUNT,
  requests: COUNT,
  failures: { ...COUNT, description: 'Requests with a 5xx response.' },
  hits: { ...COUNT, description: 'Parts served from the cache.' },
  misses: { ...COUNT, description: 'Parts that were fetched.' },
  calls: COUNT,
  callFailures: COUNT,
  withheld: { ...COUNT, description: 'Calls that were not made.' },
  median: { ...SECONDS, description: 'Median response time in seconds; null without requests.' },
  p95: SECONDS,
  callP95: { ...SECONDS, description: '95th percentile of the duration of calls in seconds.' },
};

const STATUS: JsonSchema = record({
  at: TIME,
  host: { ...TEXT, description: 'Name of the machine.' },
  version: TEXT,
  node: TEXT,
  uptimeS: { type: 'number', minimum: 0 },
  upstream: { ...TEXT, description: 'Host and port of the upstream.' },
  egress: {
    ...record({ localAddress: NULLABLE_TEXT, proxy: NULLABLE_TEXT }),
    description: 'The egress of upstream calls: a local address, an egress proxy, or neither.',
  },
  status: { type: 'string', enum: ['starting', 'ready', 'degraded', 'draining'] },
  reasons: REASONS,
  state: {
    type: 'string',
    enum: ['ok', 'degraded', 'failing', 'starting', 'draining'],
    description: 'The state by the responses of the last minute, and by the reasons.',
  },
  symptoms: {
    ...listOf({
      level: { type: 'string', enum: ['critical', 'warning'] },
      about: {
        type: 'string',
        enum: ['requests', 'responseTime', 'calls', 'queue', 'withheld', 'eventLoop'],
      },
      text: TEXT,
    }),
    description:
      'Observations over the last minute that exceed the thresholds of the alerts, the worst first.',
  },
  past: { ...listOf({ ...REASON, until: TIME }), description: 'The latest past reasons, newest first.' },
  recent: { ...record(INTERVAL), description: 'Requests of users and calls of the last minute.' },
  history: {
    ...listOf({ at: { ...COUNT, description: 'End of the interval, in seconds since 1970.' }, ...INTERVAL }),
    description: 'The last ten minutes, in intervals of five seconds, oldest first.',
  },
  metrics: {
    type: 'object',
    description:
      'Every metric of the proxy, by its name without `zyntro_bff_`. Counters and histograms start with the process.',
    additionalProperties: listOf({
      labels: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
      value: { type: 'number' },
    }),
  },
});

export const UNAUTHORIZED = problemResponse(401, [
  new AppError('MISSING_TOKEN'),
  new AppError('INVALID_TOKEN'),
]);
export const INTERNAL_FAILURE = problemResponse(500, [new AppError('INTERNAL_ERROR')]);

/** Returns the error responses of every route of the admin port. */
export function adminFailures(badRequests: readonly ErrorCode[] = ['INVALID_REQUEST']) {
  return {
    400: problemResponse(
      400,
      badRequests.map((code) => new AppError(code)),
    ),
    413: problemResponse(413, [new AppError('CONTENT_TOO_LARGE')]),
  };
}

/** Returns the routes for monitoring: the dashboard, the status and the metrics. */
export function monitoringPaths(): Record<string, JsonSchema> {
  return {
    '/': {
      get: {
        ...operation('getDashboard', 'Read the dashboard'),
        description:
          'A page that shows `/status`. Without the token, a browser receives the same page with status 401, and the page prompts for the token.',
        responses: {
          ...plain('The page.', 'text/html', TEXT),
          401: { ...UNAUTHORIZED, content: { ...UNAUTHORIZED.content, 'text/html': { schema: TEXT } } },
        },
      },
    },
    '/status': {
      get: {
        ...operation('getStatus', 'Read the status'),
        description: 'With several processes, the values cover all of them.',
        responses: {
          ...plain('The data of the dashboard.', 'application/json', STATUS),
          503: incomplete(),
        },
      },
    },
    '/metrics': {
      get: {
        ...operation('getMetrics', 'Read the metrics'),
        description: 'With several processes, the values cover all of them.',
        responses: {
          ...plain('The Prometheus text format.', 'text/plain', TEXT),
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
    tags: ['Monitoring'],
    security: [{ operator: [] }],
    parameters: [ref('parameters', 'RequestId')],
  };
}

function plain(description: string, type: string, schema: JsonSchema) {
  const headers = responseHeaders('X-Request-Id', 'Cache-Control-None');
  return {
    200: { description, headers, content: { [type]: { schema } } },
    ...adminFailures(),
    401: UNAUTHORIZED,
    500: INTERNAL_FAILURE,
  };
}

/** Returns the response if one of several processes does not respond. */
function incomplete() {
  return problemResponse(503, [new AppError('OVERLOADED')]);
}

function record(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties, additionalProperties: false };
}

function listOf(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: 'array', items: record(properties) };
}
