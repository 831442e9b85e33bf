import { createEtagCache, type CachedResponse } from './etag-cache.ts';
import type { CallOptions, ClientOptions } from './options.ts';
import { ProblemError, problemErrorOf } from './problem-error.ts';
import { responseInfo } from './response-info.ts';
import { tokenSource } from './token-source.ts';
import { abortable, sleep } from './wait.ts';

export interface Call {
  readonly method?: string;
  /** The path with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly options: CallOptions;
}

interface Reply {
  readonly response: Response;
  /** The body, or an empty string if it does not have the expected type. */
  readonly text: string;
}

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_MAX_RETRIES = 2;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8_000;

/**
 * Creates the function that sends requests. It retries every call, because reads are idempotent and each write
 * has an idempotency key.
 */
export function createSend(client: ClientOptions) {
  const base = client.baseUrl.replace(/\/+$/, '');
  const tokens = tokenSource(client.token);
  const cache = createEtagCache(client.etagCacheSize);

  async function exchange(call: Call, headers: Record<string, string>, signal: AbortSignal): Promise<Reply> {
    const init: RequestInit = {
      method: call.method ?? 'GET',
      headers,
      signal,
      // A redirect could send the token to another server.
      redirect: 'manual',
    };
    if (call.body !== undefined) init.body = JSON.stringify(call.body);
    // Some runtimes do not have cookies, and reject the option.
    if ('credentials' in Request.prototype)
      init.credentials = 'Authorization' in headers ? 'omit' : 'include';
    const response = await (client.fetch ?? globalThis.fetch)(base + call.path, init);
    const type = response.ok ? 'application/json' : 'application/problem+json';
    if (response.headers.get('content-type')?.startsWith(type))
      return { response, text: await response.text() };
    await response.body?.cancel();
    return { response, text: '' };
  }

  /** Returns the parsed body of a successful response, or the error of another one. */
  function resultOf(call: Call, cached: CachedResponse | undefined, { response, text }: Reply): unknown {
    if (response.status === 204) return undefined;
    const known = response.status === 304 ? cached : undefined;
    if (!response.ok && !known) return problemErrorOf(response, text);
    const body = known?.text ?? text;
    try {
      const result: unknown = JSON.parse(body);
      const etag = known?.etag ?? response.headers.get('etag');
      if (!call.method && etag) cache.set(call.path, { etag, text: body });
      return result;
    } catch {
      return new ProblemError(response, undefined);
    }
  }

  return async function send<Result>(call: Call): Promise<Result> {
    const { options } = call;
    const timeoutMs = options.timeoutMs ?? client.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const maxRetries = options.maxRetries ?? client.maxRetries ?? DEFAULT_MAX_RETRIES;
    const deadline = performance.now() + timeoutMs;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const cached = call.method ? undefined : cache.get(call.path);
    signal.throwIfAborted();
    let jwt = await abortable(tokens.get(), signal);
    let renewed = false;
    const isWrite = call.headers?.['Idempotency-Key'] !== undefined;
    /** Whether an attempt of a write may have been carried out. */
    let isUncertain = false;
    for (let retries = 0; ;) {
      const headers = headersOf(call, jwt, cached?.etag);
      const reply = await abortable(exchange(call, headers, signal), signal).catch((error: unknown) => ({
        error,
      }));
      let failure: unknown;
      if ('error' in reply) {
        signal.throwIfAborted();
        failure = reply.error;
        isUncertain ||= isWrite;
      } else {
        const info = responseInfo(reply.response);
        client.onResponse?.(info);
        options.onResponse?.(info);
        const result = resultOf(call, cached, reply);
        if (!(result instanceof ProblemError)) return result as Result;
        isUncertain ||= isWrite && isUnknown(result);
        // A later refusal does not mean that an earlier attempt was not carried out.
        if (isUncertain && !reply.response.headers.has('idempotency-replayed')) result.outcome = 'unknown';
        failure = result;
        if (result.status === 401 && !renewed) {
          renewed = true;
          const renewal = await abortable(tokens.renew(jwt), signal);
          if (renewal === undefined) throw result;
          jwt = renewal;
          continue;
        }
        if (!isTransient(result)) throw result;
      }
      const delay = delayMs(retries, failure);
      // The error says more than a later time-out.
      if (retries >= maxRetries || performance.now() + delay >= deadline) throw failure;
      await sleep(delay, signal);
      retries += 1;
    }
  };
}

function headersOf({ method, headers, body }: Call, jwt: string | undefined, etag: string | undefined) {
  const all: Record<string, string> = { Accept: 'application/json', ...headers };
  if (jwt !== undefined) all['Authorization'] = `Bearer ${jwt}`;
  // The proxy requires this header with a cookie, as CSRF protection.
  else all['X-Requested-With'] = 'zyntro-bff-client';
  if (body !== undefined) all['Content-Type'] = 'application/json';
  if (!method && etag) {
    all['If-None-Match'] = etag;
    // Otherwise `fetch` adds `no-cache`, which bypasses the proxy's cache if the token has the scope for it.
    all['Cache-Control'] ??= 'max-age=0';
  }
  return all;
}

/** Returns whether a write may have been carried out: the proxy, or a gateway in front of it, does not know. */
function isUnknown({ outcome, problem, status }: ProblemError): boolean {
  return outcome === 'unknown' || (problem === undefined && status >= 500);
}

function isTransient({ status, code }: ProblemError): boolean {
  return status === 429 || status === 503 || code === 'IDEMPOTENCY_IN_PROGRESS';
}

/** Returns `Retry-After` plus an exponential back-off with jitter. */
function delayMs(retries: number, failure: unknown): number {
  const backoff = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** retries);
  const retryAfterS = (failure instanceof ProblemError && failure.retryAfterS) || 0;
  return retryAfterS * 1000 + backoff * (0.5 + Math.random() / 2);
}
