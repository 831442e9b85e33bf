/** Every error code of a response. Clients switch on it, so the list is closed. */
export const ERROR_CODES = [
  'INVALID_CONTACT_ID',
  'INVALID_INCLUDE',
  'INVALID_FIELDS',
  'INVALID_IDS',
  'INVALID_IDEMPOTENCY_KEY',
  'INVALID_REQUEST',
  'INVALID_BODY',
  'INVALID_LOOKUP',
  'MISSING_TOKEN',
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'INSUFFICIENT_SCOPE',
  'ORG_NOT_CONFIGURED',
  'CSRF_HEADER_MISSING',
  'NOT_CONTACT_OWNER',
  'CONTACT_NOT_FOUND',
  'ROUTE_NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'CONTACT_EXISTS',
  'IDEMPOTENCY_IN_PROGRESS',
  'IDEMPOTENCY_OUTCOME_UNKNOWN',
  'PRECONDITION_FAILED',
  'CONTENT_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'REQUEST_HEADERS_TOO_LARGE',
  'UPSTREAM_REFUSED',
  'IDEMPOTENCY_KEY_REUSED',
  'RATE_LIMITED',
  'INTERNAL_ERROR',
  'CACHE_UNAVAILABLE',
  'OVERLOADED',
  'RATE_LIMIT_UNAVAILABLE',
  'UPSTREAM_CREDENTIALS_REJECTED',
  'UPSTREAM_EGRESS_REJECTED',
  'UPSTREAM_BAD_RESPONSE',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'CLIENT_GONE',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  /** Shown to the caller: never holds input that was not checked, nor a library's message. */
  readonly detail?: string;
  /** A more specific status for INVALID_REQUEST. */
  readonly status?: 408 | 417 | 505;
  /** For the operator's log only, such as `INVALID_API_KEY`, which names the wrong credential. */
  readonly reason?: string;
  /** For the operator's log only: the member of an upstream response that is not as documented. */
  readonly path?: string;
  readonly retryAfterS?: number;
  /** Whether a retry may succeed. */
  readonly transient?: boolean;
  /** The request was certainly not sent, so even a write can be repeated. */
  readonly notSent?: boolean;
  /** The upstream's message, if it refused an operation. It can hold anything: only development shows it. */
  readonly refusal?: string;
  /** Whether a write that failed may have been carried out. Set on every error of a write's upstream call. */
  readonly outcome?: 'none' | 'unknown';
  /** Whether this repeats the refusal of an earlier request with the same idempotency key. */
  readonly replayed?: true;
  readonly requiredScope?: string;
  readonly allow?: string;
  /** The media types that the operation accepts, for UNSUPPORTED_MEDIA_TYPE. */
  readonly accept?: string;
  /** The current entity tag, for PRECONDITION_FAILED. */
  readonly etag?: string;
  readonly cause?: unknown;
}

/** An expected error. The error handler converts any other error to an INTERNAL_ERROR. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(code, 'cause' in details ? { cause: details.cause } : undefined);
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }
}

export function isAppError(error: unknown, ...codes: ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}
