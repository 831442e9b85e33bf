import { AppError } from '../errors.ts';
import { ResponseBodyError, responseText } from '../lib/response-body.ts';
import { badResponse } from './envelope.ts';
import { failureOfTransport } from './transport-failure.ts';
import type { Headers, Receiver, Transport } from './transport.ts';

export interface UpstreamCallOptions {
  readonly transport: Transport;
  readonly maxResponseBytes: number;
  /** Milliseconds of the monotonic clock that deadlines are in. */
  readonly now: () => number;
}

export interface CallBounds {
  /** Aborts when the caller gives up. */
  readonly signal: AbortSignal;
  /** When the last byte of the answer has to be there. */
  readonly deadline: number;
}

/**
 * One call of an operation of the upstream, and the text of its answer.
 *
 * @throws AppError with one of the `UPSTREAM_…` codes where no answer came, or none that is a 200 of a
 *   bearable size; whatever `signal` was aborted with, where the caller gave up first.
 */
export async function callUpstream(
  options: UpstreamCallOptions,
  path: string,
  body: Readonly<Record<string, unknown>>,
  { signal, deadline }: CallBounds,
): Promise<string> {
  signal.throwIfAborted();
  const answer = new ResponseBody(options.maxResponseBytes);
  const exchange = options.transport.post(path, body, answer);
  const giveUp = () => exchange.abort(signal.reason);
  const expire = () =>
    exchange.abort(new AppError('UPSTREAM_TIMEOUT', { reason: 'TOTAL_TIMEOUT', notSent: !exchange.started }));
  const timer = setTimeout(expire, Math.max(0, Math.ceil(deadline - options.now())));
  signal.addEventListener('abort', giveUp);
  try {
    await exchange.over;
    return answer.text();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    if (error instanceof ResponseBodyError) throw badResponse(error.code, error);
    if (!answer.begun) throw failureOfTransport(error, exchange);
    throw new AppError('UPSTREAM_BAD_RESPONSE', { reason: 'TRUNCATED', transient: true, cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** A 200, taken in no further than the bound. Everything else is refused unread. */
class ResponseBody implements Receiver {
  readonly #maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #begun = false;
  #contentEncoding: string | string[] | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether its head was good. */
  get begun(): boolean {
    return this.#begun;
  }

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
    this.#begun = true;
    this.#contentEncoding = headers['content-encoding'];
  }

  chunk(bytes: Uint8Array): void {
    this.#size += bytes.byteLength;
    if (this.#size > this.#maxBytes) throw badResponse('TOO_LARGE');
    this.#chunks.push(bytes);
  }

  /** @throws ResponseBodyError if the body is in a content coding that cannot be decoded within the bound. */
  text(): string {
    return responseText(Buffer.concat(this.#chunks, this.#size), this.#contentEncoding, this.#maxBytes);
  }
}

const MAX_RETRY_AFTER_S = 60;

/** RFC 9110 section 10.2.3, in its form of seconds. */
function retryAfter(header: string | string[] | undefined): { retryAfterS?: number } {
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) return {};
  return { retryAfterS: Math.min(Math.max(Number(header), 1), MAX_RETRY_AFTER_S) };
}
