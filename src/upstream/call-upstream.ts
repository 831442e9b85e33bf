import { AppError } from '../errors.ts';
import { ResponseBodyError, responseText } from '../lib/response-body.ts';
import { badResponse } from './envelope.ts';
import { failureOfTransport } from './transport-failure.ts';
import type { Headers, Receiver, Transport } from './transport.ts';

export interface UpstreamCallOptions {
  readonly transport: Transport;
  /** Maximum size of a response body, before and after decoding. */
  readonly maxResponseBytes: number;
  /** Milliseconds of the monotonic clock to which deadlines refer. */
  readonly now: () => number;
}

export interface CallBounds {
  /** Aborts when the caller gives up. */
  readonly signal: AbortSignal;
  /** Monotonic time, in ms, by which the response has to be complete. */
  readonly deadline: number;
}

/**
 * Calls an operation of the upstream once, and returns the text of its response.
 *
 * @param path path below the base URL.
 * @param body JSON members of the request.
 * @throws AppError with one of the `UPSTREAM_…` codes if the upstream does not respond before the deadline, with
 *   status 200 and at most `maxResponseBytes`. If `signal` aborts first, throws the signal's reason.
 */
export async function callUpstream(
  options: UpstreamCallOptions,
  path: string,
  body: Readonly<Record<string, unknown>>,
  { signal, deadline }: CallBounds,
): Promise<string> {
  signal.throwIfAborted();
  const response = new ResponseReader(options.maxResponseBytes);
  const exchange = options.transport.post(path, body, response);
  const onAbort = () => exchange.abort(signal.reason);
  const onTimeout = () =>
    exchange.abort(new AppError('UPSTREAM_TIMEOUT', { reason: 'TOTAL_TIMEOUT', notSent: !exchange.started }));
  const timer = setTimeout(onTimeout, Math.max(0, Math.ceil(deadline - options.now())));
  signal.addEventListener('abort', onAbort);
  try {
    await exchange.completed;
    return response.text();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    if (error instanceof ResponseBodyError) throw badResponse(error.code, error);
    if (!response.isAccepted) throw failureOfTransport(error, exchange);
    throw new AppError('UPSTREAM_BAD_RESPONSE', { reason: 'TRUNCATED', transient: true, cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Collects the body of a response with status 200. Rejects other statuses and larger bodies without reading on. */
class ResponseReader implements Receiver {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #isAccepted = false;
  #contentEncoding: string | string[] | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the status and the declared size were accepted, so that the body followed. */
  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /**
   * @throws AppError `UPSTREAM_UNAVAILABLE` if the status is 429 or 5xx, and `UPSTREAM_BAD_RESPONSE` if it is not
   *   200 otherwise, or if the declared size exceeds the limit.
   */
  head(status: number, headers: Headers): void {
    if (status >= 500 || status === 429) {
      throw new AppError('UPSTREAM_UNAVAILABLE', {
        reason: `HTTP_${status}`,
        transient: true,
        ...retryAfter(headers['retry-after']),
      });
    }
    if (status !== 200) throw badResponse(`HTTP_${status}`);
    if (Number(headers['content-length']) > this.#maxBytes) throw badResponse('TOO_LARGE');
    this.#isAccepted = true;
    this.#contentEncoding = headers['content-encoding'];
  }

  /** @throws AppError `UPSTREAM_BAD_RESPONSE` if the body exceeds the limit. */
  chunk(bytes: Buffer): void {
    this.#size += bytes.byteLength;
    if (this.#size > this.#maxBytes) throw badResponse('TOO_LARGE');
    this.#chunks.push(bytes);
  }

  /** @throws ResponseBodyError if the body has a content coding that cannot be decoded within the limit. */
  text(): string {
    const [first] = this.#chunks;
    const whole = first?.length === this.#size ? first : Buffer.concat(this.#chunks, this.#size);
    return responseText(whole, this.#contentEncoding, this.#maxBytes);
  }
}

const MAX_RETRY_AFTER_S = 60;

/** Parses `Retry-After` (RFC 9110 section 10.2.3) in seconds, bounded to 1 to 60. A date is ignored. */
function retryAfter(header: string | string[] | undefined): { retryAfterS?: number } {
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) return {};
  return { retryAfterS: Math.min(Math.max(Number(header), 1), MAX_RETRY_AFTER_S) };
}
