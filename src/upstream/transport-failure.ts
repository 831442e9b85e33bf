import { types } from 'node:util';
import { AppError } from '../errors.ts';

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** Codes of a response that is not valid HTTP. */
const INVALID_RESPONSE = /^HPE_|^UND_ERR_(RESPONSE|REQ_CONTENT|RES_CONTENT|HEADERS_OVERFLOW)/;

/** Codes of failures that a retry often avoids, such as a restart, or a reused connection that was being closed. */
const TRANSIENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_PRX_CONN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Converts an error of the transport to an AppError: `UPSTREAM_TIMEOUT`, `UPSTREAM_BAD_RESPONSE` or
 * `UPSTREAM_UNAVAILABLE`. Its `reason` is the library's code, such as `ECONNREFUSED`. The library's error is kept
 * as the cause, which callers do not see.
 *
 * @param exchange if it has not started, the error states that the request was certainly not sent.
 */
export function failureOfTransport(error: unknown, exchange: { readonly started: boolean }): AppError {
  const reason = errorCodeOf(error);
  const notSent = !exchange.started;
  const details = { reason, transient: TRANSIENT.has(reason), notSent, cause: error };
  if (TIMEOUTS.has(reason)) return new AppError('UPSTREAM_TIMEOUT', details);
  if (INVALID_RESPONSE.test(reason))
    return new AppError('UPSTREAM_BAD_RESPONSE', { reason, notSent, cause: error });
  return new AppError('UPSTREAM_UNAVAILABLE', details);
}

/** Returns the code of an error or of one of its causes, such as `ECONNREFUSED`; `NO_ANSWER` if they have no code. */
export function errorCodeOf(error: unknown): string {
  for (let at = error, depth = 0; types.isNativeError(at) && depth < 5; at = at.cause, depth += 1) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) return code;
    // undici does not set a code on most errors of its parser.
    if (at.name === 'HTTPParserError') return 'HPE_INVALID';
  }
  return 'NO_ANSWER';
}
