import { AppError } from '../errors.ts';
import { badResponse } from './envelope.ts';
import { failureOfTransport } from './transport-failure.ts';
import type { Transport, TransportResponse } from './transport.ts';

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
  // Not AbortSignal.timeout and any: those live on, with all that hangs on them, until the time is up.
  const end = new AbortController();
  let timeUp = false;
  const giveUp = () => end.abort(signal.reason);
  const expire = () => {
    timeUp = true;
    end.abort();
  };
  const timer = setTimeout(expire, Math.max(0, Math.ceil(deadline - options.now())));
  signal.addEventListener('abort', giveUp);
  try {
    const response = await options.transport.post(path, body, end.signal);
    return await readAnswer(response, options.maxResponseBytes, end.signal);
  } catch (error) {
    if (error instanceof AppError) throw error;
    signal.throwIfAborted();
    throw failureOfTransport(error, timeUp);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** The text of a 200, read no further than the bound. Everything else is refused unread. */
async function readAnswer(
  response: TransportResponse,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const { status, headers, body } = response;
  try {
    if (status >= 500 || status === 429) {
      throw new AppError('UPSTREAM_UNAVAILABLE', {
        reason: `HTTP_${status}`,
        transient: true,
        ...retryAfter(headers['retry-after']),
      });
    }
    if (status !== 200) throw badResponse(`HTTP_${status}`);
    if (Number(headers['content-length']) > maxBytes) throw badResponse('TOO_LARGE');
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of body) {
        size += chunk.byteLength;
        if (size > maxBytes) break;
        chunks.push(chunk);
      }
    } catch (cause) {
      // A call that was given up ends here too; its caller tells the two apart.
      if (signal.aborted) throw cause;
      throw new AppError('UPSTREAM_BAD_RESPONSE', { reason: 'TRUNCATED', transient: true, cause });
    }
    if (size > maxBytes) throw badResponse('TOO_LARGE');
    return Buffer.concat(chunks, size).toString('utf8');
  } finally {
    // Closes the connection where the body was not read to its end; does nothing where it was.
    body.destroy();
  }
}

const MAX_RETRY_AFTER_S = 60;

/** RFC 9110 section 10.2.3, in its form of seconds. */
function retryAfter(header: string | string[] | undefined): { retryAfterS?: number } {
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) return {};
  return { retryAfterS: Math.min(Math.max(Number(header), 1), MAX_RETRY_AFTER_S) };
}
