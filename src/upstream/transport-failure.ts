import { types } from 'node:util';
import { AppError } from '../errors.ts';

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** What a peer sends that is not HTTP is an answer, if a bad one. */
const BROKEN = /^HPE_|^UND_ERR_(RESPONSE|REQ_CONTENT|RES_CONTENT|HEADERS_OVERFLOW)/;

/** Gone by the next attempt, as often as not: a connection that was reused as it closed, a restart. */
const TRANSIENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Why no answer came, as one of our codes. The library's message is kept as a cause and shown to nobody;
 * its code (`ECONNREFUSED`, `EADDRNOTAVAIL`, …) is what an operator needs.
 *
 * @param exchange if it had not started, the request was certainly not sent.
 */
export function failureOfTransport(error: unknown, exchange: { readonly started: boolean }): AppError {
  const reason = errorCodeOf(error);
  const notSent = !exchange.started;
  const details = { reason, transient: TRANSIENT.has(reason), notSent, cause: error };
  if (TIMEOUTS.has(reason)) return new AppError('UPSTREAM_TIMEOUT', details);
  if (BROKEN.test(reason)) return new AppError('UPSTREAM_BAD_RESPONSE', { reason, notSent, cause: error });
  return new AppError('UPSTREAM_UNAVAILABLE', details);
}

/** The code of an error or of what caused it, such as `ECONNREFUSED`; `NO_ANSWER` where there is none. */
export function errorCodeOf(error: unknown): string {
  for (let at = error, depth = 0; types.isNativeError(at) && depth < 5; at = at.cause, depth += 1) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) return code;
    // undici knows no code for most of what its parser refuses.
    if (at.name === 'HTTPParserError') return 'HPE_INVALID';
  }
  return 'NO_ANSWER';
}
