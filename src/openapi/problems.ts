import { AppError, type ErrorCode } from '../errors.ts';
import { problemOf } from '../http/problem.ts';
import { responseHeaders, type HeaderName } from './headers.ts';
import { ref } from '../lib/json-schema.ts';
import { isWrite } from '../operations/mount.ts';
import { OWN_ERROR_CODES, type Operation } from '../operations/operation.ts';
import { NOT_SENT } from '../operations/write.ts';
import { SENT_CODES } from './schemas.ts';

/** The codes of one route's own parameters. All routes that require a token share the other codes. */
const OF_ONE_ROUTE: readonly ErrorCode[] = [
  'INVALID_CONTACT_ID',
  'INVALID_INCLUDE',
  'INVALID_FIELDS',
  'INVALID_IDS',
  'INVALID_LOOKUP',
];
/** The codes of operations with a body, and of writes alone. */
const OF_BODIES: readonly ErrorCode[] = ['INVALID_BODY', 'UNSUPPORTED_MEDIA_TYPE'];
const OF_WRITES: readonly ErrorCode[] = [
  'INVALID_IDEMPOTENCY_KEY',
  'IDEMPOTENCY_IN_PROGRESS',
  'IDEMPOTENCY_OUTCOME_UNKNOWN',
  'IDEMPOTENCY_KEY_REUSED',
  'CACHE_UNAVAILABLE',
];
/** The codes of requests that match no operation. */
const OF_NO_ROUTE: readonly ErrorCode[] = ['ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED'];
/** The codes that a batch reports per contact, in `errors`. */
const OF_ONE_CONTACT = /^(CONTACT_|UPSTREAM_|ORG_NOT_CONFIGURED$)/;

/** The codes of some operations whose response is shared. */
const OF_SOME: readonly ErrorCode[] = ['CONTACT_NOT_FOUND', 'PRECONDITION_FAILED'];

const OWN: readonly ErrorCode[] = OWN_ERROR_CODES;
const NOT_COMMON = [...OF_ONE_ROUTE, ...OF_BODIES, ...OF_WRITES, ...OF_NO_ROUTE, ...OWN];
const COMMON = SENT_CODES.filter((code) => !NOT_COMMON.includes(code));
const OF_ALL = COMMON.filter((code) => statusOf(code) !== 400);
const SHARED: readonly ErrorCode[] = [...OF_ALL, ...OF_SOME];
const ANY_REQUEST = COMMON.filter((code) => statusOf(code) === 400).map(errorOf);

const HEADERS_BY_STATUS: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ['WWW-Authenticate'],
  403: ['WWW-Authenticate-Scope'],
  409: ['Retry-After'],
  412: ['ETag'],
  415: ['Accept', 'Accept-Patch'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
  504: ['Retry-After'],
};

/** The statuses of refusals that a repeat of a write with the same key receives as well. */
const REPLAYABLE: readonly number[] = [403, 404, 409, 422];

/** Returns one shared response per status, for the errors that every contact route can return. */
export function sharedResponses(): Record<string, unknown> {
  const responses = byStatus(SHARED).map(([status, codes]) => [
    `Problem${status}`,
    problemResponse(status, codes.map(errorOf)),
  ]);
  return Object.fromEntries(responses) as Record<string, unknown>;
}

/**
 * Returns the error responses of an operation that requires a token.
 *
 * @param badRequests the errors that the operation throws if the request is invalid.
 */
export function failures(operation: Operation, badRequests: readonly AppError[]) {
  const { body, docs } = operation;
  const ofBody = [...(body ? OF_BODIES : []), ...(isWrite(operation) ? OF_WRITES : [])];
  const invalid = [...badRequests, ...ofBody.filter((code) => statusOf(code) === 400).map(errorOf)];
  const responses: Record<number, unknown> = { 400: problemResponse(400, [...invalid, ...ANY_REQUEST]) };
  const others = [...OF_ALL, ...docs.errors, ...ofBody.filter((code) => statusOf(code) !== 400)];
  for (const [status, codes] of byStatus(others)) {
    const own = codes.filter((code) => !(docs.batch && OF_ONE_CONTACT.test(code)));
    const isReplayable = isWrite(operation) && REPLAYABLE.includes(status);
    const isShared =
      !isReplayable && own.length === SHARED.filter((code) => statusOf(code) === status).length;
    if (isShared && own.every((code) => SHARED.includes(code)))
      responses[status] = ref('responses', `Problem${status}`);
    else if (own.length > 0)
      responses[status] = problemResponse(
        status,
        own.map(errorOfOperation),
        isReplayable ? ['Idempotency-Replayed'] : [],
      );
  }
  return responses;
}

/** Returns the error responses of an operation that requires no token. */
export function openFailures() {
  return { 400: problemResponse(400, ANY_REQUEST), 413: ref('responses', 'Problem413') };
}

/** Returns the error responses of an operation that requires no token and has an entity tag. */
export function openConditionalFailures() {
  return { ...openFailures(), 412: ref('responses', 'Problem412') };
}

/** Returns the response for the errors of one status, with an example of each. */
export function problemResponse(
  status: number,
  errors: readonly AppError[],
  moreHeaders: readonly HeaderName[] = [],
) {
  const codes = errors.map(({ code }) => code);
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    headers: responseHeaders(
      'X-Request-Id',
      'Cache-Control-None',
      ...(HEADERS_BY_STATUS[status] ?? []),
      ...moreHeaders,
    ),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [ref('schemas', 'Problem')],
          properties: { status: { const: status }, code: { enum: codes } },
        },
        examples: Object.fromEntries(errors.map((error) => [error.code, example(error)])),
      },
    },
  };
}

/** Returns the error that a function throws, so that an example repeats the real message. */
export function thrownBy(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the example of an error did not throw');
}

function example(error: AppError) {
  const problem = problemOf(error);
  const requestId = '0b4f2ba6-5f0b-4c6e-9c57-0c7d7f0f3b1e';
  return { summary: problem.title, value: { ...problem, instance: '/contacts', requestId } };
}

function errorOf(code: ErrorCode): AppError {
  return new AppError(code);
}

/** Of the operations, only writes have CACHE_UNAVAILABLE. */
function errorOfOperation(code: ErrorCode): AppError {
  return code === 'CACHE_UNAVAILABLE' ? new AppError(code, { detail: NOT_SENT }) : errorOf(code);
}

function statusOf(code: ErrorCode): number {
  return problemOf(errorOf(code)).status;
}

function byStatus(codes: readonly ErrorCode[]): [number, ErrorCode[]][] {
  return [...Map.groupBy(codes, statusOf)].toSorted(([a], [b]) => a - b);
}
