import type { ErrorRequestHandler, Request } from 'express';
import { AppError, isAppError, type ErrorCode } from '../errors.ts';
import { contextOf, type RequestContext } from './request-context.ts';
import { respond } from './respond.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import { cacheStatus } from './cache-headers.ts';
import { closeIfUnread } from './unread-body.ts';
import { problemOf } from './problem.ts';

const REALM = 'zyntro-bff';
const MAX_INSTANCE_LENGTH = 256;

/** The challenge without an error code, for a request without credentials (RFC 6750 section 3.1). */
export const BEARER_CHALLENGE = `Bearer realm="${REALM}"`;

const CHALLENGES: Partial<Record<ErrorCode, string>> = {
  MISSING_TOKEN: BEARER_CHALLENGE,
  INVALID_TOKEN: `${BEARER_CHALLENGE}, error="invalid_token"`,
  EXPIRED_TOKEN: `${BEARER_CHALLENGE}, error="invalid_token", error_description="The token has expired"`,
};

/** Returns the challenge of a 401, or of a 403 that a token with the required scope would not get. */
function challengeOf(code: ErrorCode, requiredScope: string | undefined): string | undefined {
  if (requiredScope === undefined) return CHALLENGES[code];
  return `${BEARER_CHALLENGE}, error="insufficient_scope", scope="${requiredScope}"`;
}

/** Default `Retry-After` in seconds, if the error does not set one. */
const RETRY_AFTER_S: Partial<Record<ErrorCode, number>> = {
  OVERLOADED: 1,
  CACHE_UNAVAILABLE: 1,
  RATE_LIMIT_UNAVAILABLE: 1,
  UPSTREAM_UNAVAILABLE: 1,
  UPSTREAM_TIMEOUT: 1,
};

/**
 * Converts every error of the middleware to a problem response (RFC 9457).
 *
 * @param options.showRefusals shows the upstream's message if it refused a write; for development.
 */
export function errorResponse(
  log: Log,
  options: { readonly showRefusals?: boolean } = {},
): ErrorRequestHandler {
  return function respondWithProblem(thrown: unknown, req, res, _next) {
    const context = contextOf(req);
    const error = fromRouter(thrown, req);
    const problem = problemOf(error);
    const details = isAppError(error) ? error.details : {};
    // The upstream's message can hold anything.
    const refusal = options.showRefusals ? details.refusal : undefined;
    context.errorCode = problem.code;
    if (details.reason !== undefined) context.errorReason = details.reason;
    if (problem.code === 'INTERNAL_ERROR') logUnexpected(log, context, error);
    if (problem.code === 'CLIENT_GONE' || res.headersSent) {
      res.destroy();
      return;
    }
    const headers = ['Content-Type', 'application/problem+json', 'Cache-Control', 'no-store'];
    headers.push(...headersFor(error, problem.code, req));
    if (context.cache) headers.push('Cache-Status', cacheStatus(context.cache));
    // `originalUrl` is undefined if the request did not reach Express's router.
    const instance = (req.originalUrl ?? req.url).split('?', 1)[0]!.slice(0, MAX_INSTANCE_LENGTH);
    const body = JSON.stringify({
      ...problem,
      ...(refusal !== undefined && { detail: refusal }),
      instance,
      requestId: context.requestId,
      outcome: details.outcome ?? (context.isWrite ? defaultOutcome(error) : undefined),
    });
    respond(res, problem.status, headers, Buffer.from(body));
  };
}

/** Returns the outcome of a write whose error does not state one: it was refused before it began, or is unexpected. */
function defaultOutcome(error: unknown): 'none' | 'unknown' {
  return isAppError(error) ? 'none' : 'unknown';
}

/** Logs an error that is not an expected AppError. */
export function logUnexpected(
  log: Log,
  { requestId }: Pick<RequestContext, 'requestId'>,
  error: unknown,
): void {
  log.error({ requestId, error: describeError(error) }, 'request failed with an unexpected error');
}

function headersFor(error: unknown, code: ErrorCode, req: Request): string[] {
  const headers: string[] = [];
  const details = isAppError(error) ? error.details : {};
  const challenge = challengeOf(code, details.requiredScope);
  if (challenge !== undefined) headers.push('WWW-Authenticate', challenge);
  if (details.allow !== undefined) headers.push('Allow', details.allow);
  if (details.accept !== undefined)
    headers.push(req.method === 'PATCH' ? 'Accept-Patch' : 'Accept', details.accept);
  if (details.replayed) headers.push('Idempotency-Replayed', 'true');
  if (details.etag !== undefined) headers.push('ETag', details.etag);
  const retryAfterS = details.retryAfterS ?? RETRY_AFTER_S[code];
  if (retryAfterS !== undefined) headers.push('Retry-After', String(retryAfterS));
  headers.push(...closeIfUnread(req, code === 'CONTENT_TOO_LARGE'));
  return headers;
}

/** Converts errors of Express's router, which have a status. Their messages are not sent. */
function fromRouter(error: unknown, req: Request): unknown {
  if (isAppError(error) || !(error instanceof Error)) return error;
  const { status } = error as { status?: unknown };
  if (typeof status !== 'number' || status < 400 || status > 499) return error;
  if (error instanceof URIError) return undecodable(req, error);
  return new AppError('INVALID_REQUEST', { cause: error });
}

/** Creates the error for a path with a parameter that cannot be decoded. The router does not name the parameter. */
function undecodable({ path }: Request, cause: URIError): AppError {
  const [, collection, id = ''] = path.split('/');
  if (collection === 'contacts' && !isDecodable(id)) return new AppError('INVALID_CONTACT_ID', { cause });
  return new AppError('INVALID_REQUEST', {
    detail: 'The path contains a % that is not percent-encoding of UTF-8.',
    cause,
  });
}

function isDecodable(segment: string): boolean {
  try {
    decodeURIComponent(segment);
    return true;
  } catch {
    return false;
  }
}
