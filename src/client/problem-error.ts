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
  readonly problem: Problem | undefined;

  constructor(response: Response, problem: Problem | undefined) {
    super(problem?.detail ?? `The response did not come from zyntro-bff (status ${response.status}).`);
    this.name = 'ProblemError';
    this.code = problem?.code ?? UNEXPECTED_RESPONSE;
    this.status = response.status;
    this.requestId = problem?.requestId ?? response.headers.get('x-request-id') ?? undefined;
    const retryAfter = response.headers.get('retry-after');
    this.retryAfterS = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
    this.problem = problem;
  }
}

/** Reads an error response. Never rejects on a malformed problem. */
export async function problemErrorOf(response: Response): Promise<ProblemError> {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) {
    await response.body?.cancel();
    return new ProblemError(response, undefined);
  }
  const problem: unknown = await response.json().catch(() => undefined);
  return new ProblemError(response, isProblem(problem) ? problem : undefined);
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string';
}
