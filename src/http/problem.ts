import { isAppError, type AppError, type ErrorCode } from '../errors.ts';

/** The status, title and default detail of each code. */
const PROBLEMS: Readonly<Record<ErrorCode, readonly [status: number, title: string, detail: string]>> = {
  INVALID_CONTACT_ID: [400, 'Invalid contact id', 'The contact id must be a UUID.'],
  INVALID_INCLUDE: [400, 'Invalid include', 'An include is unknown.'],
  INVALID_FIELDS: [400, 'Invalid fieldset', 'A fields parameter is invalid.'],
  INVALID_IDS: [400, 'Invalid ids', 'The ids parameter is invalid.'],
  INVALID_IDEMPOTENCY_KEY: [400, 'Invalid idempotency key', 'The Idempotency-Key header is invalid.'],
  INVALID_REQUEST: [400, 'Invalid request', 'The request is invalid.'],
  INVALID_BODY: [400, 'Invalid body', 'The body is invalid.'],
  INVALID_LOOKUP: [400, 'Invalid lookup', 'Send exactly one of email, phone and text.'],
  MISSING_TOKEN: [401, 'Missing token', 'Send a JWT as a bearer token in the Authorization header.'],
  INVALID_TOKEN: [401, 'Invalid token', 'The token was rejected.'],
  EXPIRED_TOKEN: [401, 'Expired token', 'The token has expired; get a new one.'],
  INSUFFICIENT_SCOPE: [403, 'Insufficient scope', 'The token lacks a scope that this request needs.'],
  ORG_NOT_CONFIGURED: [
    403,
    'Organization not configured',
    'This proxy does not serve the organization of the token.',
  ],
  CSRF_HEADER_MISSING: [
    403,
    'CSRF header missing',
    'A request with the cookie needs the header X-Requested-With, or Sec-Fetch-Site: same-origin.',
  ],
  NOT_CONTACT_OWNER: [403, 'Not the owner', 'Only the owner of the contact may change it.'],
  CONTACT_NOT_FOUND: [404, 'Contact not found', 'The contact does not exist, or this member may not see it.'],
  ROUTE_NOT_FOUND: [
    404,
    'Route not found',
    'No route serves this path; /docs on the public port lists the routes.',
  ],
  METHOD_NOT_ALLOWED: [405, 'Method not allowed', 'The Allow header lists the methods of this path.'],
  CONTACT_EXISTS: [409, 'Contact exists', 'A contact with this e-mail address or phone number exists.'],
  IDEMPOTENCY_IN_PROGRESS: [
    409,
    'Request in progress',
    'A request with this Idempotency-Key is in progress. Try again after the time in Retry-After.',
  ],
  IDEMPOTENCY_OUTCOME_UNKNOWN: [
    409,
    'Outcome unknown',
    'The first request with this Idempotency-Key may have taken effect. Check the data before you use a new key.',
  ],
  PRECONDITION_FAILED: [
    412,
    'Precondition failed',
    'If-Match does not match the current response, whose tag is in the ETag header.',
  ],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported media type', 'The body has an unsupported media type.'],
  CONTENT_TOO_LARGE: [413, 'Content too large', 'The request body is too large.'],
  REQUEST_HEADERS_TOO_LARGE: [
    431,
    'Request headers too large',
    'The token is over 8192 bytes, or the request line and headers are too large together.',
  ],
  UPSTREAM_REFUSED: [422, 'Upstream refused the operation', 'The CRM refused to carry out the operation.'],
  IDEMPOTENCY_KEY_REUSED: [
    422,
    'Idempotency key reused',
    'This Idempotency-Key was used for a different request. Use a new key for each write.',
  ],
  RATE_LIMITED: [
    429,
    'Too many requests',
    'The rate limit is exceeded. Try again after the time in Retry-After.',
  ],
  INTERNAL_ERROR: [
    500,
    'Internal error',
    'An unexpected error occurred. Quote the requestId when you report it.',
  ],
  CACHE_UNAVAILABLE: [
    503,
    'Cache unavailable',
    'Redis is unreachable, so the invalidation may not be in effect everywhere. Send it again.',
  ],
  OVERLOADED: [503, 'Overloaded', 'This proxy is overloaded. Try again later.'],
  RATE_LIMIT_UNAVAILABLE: [
    503,
    'Rate limit unavailable',
    'The rate limit cannot be checked right now. Try again after the time in Retry-After.',
  ],
  UPSTREAM_CREDENTIALS_REJECTED: [
    502,
    'Upstream refused the proxy',
    'The CRM rejected this proxy. Its operator has been notified.',
  ],
  UPSTREAM_EGRESS_REJECTED: [
    502,
    'Upstream refused the proxy',
    'The CRM rejected this proxy. Its operator has been notified.',
  ],
  UPSTREAM_BAD_RESPONSE: [502, 'Bad upstream response', 'The CRM sent an invalid response.'],
  UPSTREAM_UNAVAILABLE: [503, 'Upstream unavailable', 'The CRM is unreachable. Try again later.'],
  UPSTREAM_TIMEOUT: [504, 'Upstream timeout', 'The CRM did not respond in time. Try again later.'],
  CLIENT_GONE: [499, 'Client closed request', 'The client closed the connection.'],
};

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
}

/** Converts an error to a problem (RFC 9457). An error that is not an AppError is an INTERNAL_ERROR. */
export function problemOf(error: unknown): Problem {
  const known: Pick<AppError, 'code' | 'details'> = isAppError(error)
    ? error
    : { code: 'INTERNAL_ERROR', details: {} };
  const [status, title, detail] = PROBLEMS[known.code];
  return {
    type: `urn:problem:zyntro-bff:${known.code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status: known.details.status ?? status,
    detail: known.details.detail ?? detail,
    code: known.code,
  };
}
