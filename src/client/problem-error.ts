import type { ErrorCode, Problem } from './schema.ts';

/** The code of a response that is not the proxy's, for example from a gateway. */
const UNEXPECTED_RESPONSE = 'UNEXPECTED_RESPONSE';

/** An error response of the server. Switch on `code`. */
export class ProblemError extends Error {
  /** One of the proxy's codes, or `UNEXPECTED_RESPONSE` if the response was not the proxy's. */
  readonly code: ErrorCode | typeof UNEXPECTED_RESPONSE;
  readonly status: number;
  /** Quote it when you report the error. */
  readonly requestId: string | undefined;
  /** Seconds to wait before a retry, if the response has `Retry-After`. */
  readonly retryAfterS: number | undefined;
  /** Of a write: whether it was not carried out (`none`) or may have been, by any attempt (`unknown`). */
  outcome: 'none' | 'unknown' | undefined;
  /** The contact's current tag, if `ifMatch` did not match. */
  readonly etag: string | undefined;
  readonly problem: Problem | undefined;

  constructor({ status, headers }: Response, problem: Problem | undefined) {
    super(problem?.detail ?? `The response did not come from zyntro-bff (status ${status}).`);
    this.name = 'ProblemError';
    this.code = problem?.code ?? UNEXPECTED_RESPONSE;
    this.status = status;
    this.requestId = problem?.requestId ?? headers.get('x-request-id') ?? undefined;
    this.retryAfterS = secondsUntil(headers.get('retry-after'));
    this.outcome = problem?.outcome;
    this.etag = headers.get('etag') ?? undefined;
    this.problem = problem;
  }
}

/** Reads an error response. Never throws on a malformed problem. */
export function problemErrorOf(response: Response, text: string): ProblemError {
  return new ProblemError(response, problemOf(text));
}

function problemOf(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null;
    return typeof value?.code === 'string' ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}

/** Parses `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). */
function secondsUntil(retryAfter: string | null): number | undefined {
  if (!retryAfter) return undefined;
  const seconds = /^\d+$/.test(retryAfter) ? +retryAfter : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, Math.ceil(seconds));
}
