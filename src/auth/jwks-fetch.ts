import { Agent, request } from 'undici';
import { responseText } from '../lib/response-body.ts';
import { JwksError } from './jwks.ts';

export interface JwksFetchOptions {
  /** Milliseconds from the call's start to the last byte. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * Fetches key sets over dedicated connections. Never uses the egress address, which is for the upstream, and
 * never follows a redirect.
 */
export function createJwksFetch(options: JwksFetchOptions) {
  const dispatcher = new Agent({
    pipelining: 1,
    allowH2: false,
    // Explicit, because NODE_TLS_REJECT_UNAUTHORIZED=0 would let anyone publish keys.
    connect: { timeout: options.timeoutMs, rejectUnauthorized: true },
  });

  return {
    /** @throws JwksError, ResponseBodyError, or an undici error, each with a `code`. */
    async fetchJwks(uri: URL, closing: AbortSignal): Promise<unknown> {
      const deadline = AbortSignal.timeout(options.timeoutMs);
      const signal = AbortSignal.any([closing, deadline]);
      try {
        const { statusCode, headers, body } = await request(uri, {
          dispatcher,
          headers: { accept: 'application/jwk-set+json, application/json', 'accept-encoding': 'identity' },
          signal,
        });
        // If the body fails after reading has stopped, its error must not be uncaught.
        body.on('error', () => {});
        try {
          if (statusCode !== 200) throw new JwksError(`HTTP_${statusCode}`);
          if (Number(headers['content-length']) > options.maxBytes) throw new JwksError('TOO_LARGE');
          const bytes = await readBounded(body, options.maxBytes);
          return parse(responseText(bytes, headers['content-encoding'], options.maxBytes));
        } finally {
          body.destroy();
        }
      } catch (error) {
        if (deadline.aborted && !closing.aborted) throw new JwksError('TIMEOUT', error);
        throw error;
      }
    },
    close: () => dispatcher.destroy(),
  };
}

async function readBounded(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new JwksError('TOO_LARGE');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JwksError('NO_JSON', cause);
  }
}
