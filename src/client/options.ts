import type { Fieldsets, Include } from './contact-types.ts';
import type { ResponseInfo } from './response-info.ts';
import type { Preference } from './write-types.ts';

/** Returns the user's JWT, or throws if there is none. */
export type TokenFunction = (context: {
  /** The token that the server refused with a 401, or undefined. Return another one, if there is one. */
  readonly rejected: string | undefined;
}) => string | Promise<string>;

interface SharedOptions {
  /**
   * Maximum milliseconds of a request: the token function, the response to its last byte, and retries.
   * Default: 15 000.
   */
  readonly timeoutMs?: number | undefined;
  /** Maximum number of retries after a 429, a 503, a write in progress or a network error. Default: 2. */
  readonly maxRetries?: number | undefined;
  /** Called for each response, those that are retried included. An exception rejects the request. */
  readonly onResponse?: ((info: ResponseInfo) => void) | undefined;
}

export interface ClientOptions extends SharedOptions {
  /** The URL of the proxy: `https://api.example.com`, or `''` for the page's own origin. */
  readonly baseUrl: string;
  /**
   * The user's JWT. A function is called before every request, and once more if the server responds 401.
   * Omit it if the proxy accepts a session cookie.
   */
  readonly token?: string | TokenFunction | undefined;
  /**
   * Number of responses to keep for revalidation with `If-None-Match`. Default: 0. Browsers revalidate by
   * themselves, so this saves transfers in Node and in runtimes without an HTTP cache.
   */
  readonly etagCacheSize?: number | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
}

export interface CallOptions extends SharedOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface RequestOptions extends CallOptions {
  readonly fields?: Fieldsets | undefined;
  /** Bypasses the cache. Requires a token with the scope `cache:bypass`; ignored without it. */
  readonly bypassCache?: boolean | undefined;
}

export interface ContactOptions<Includes extends readonly Include[]> extends RequestOptions {
  readonly include?: Includes | undefined;
}

export interface WriteOptions<P extends Preference = 'minimal'> extends CallOptions {
  /**
   * Identifies the write, so that a repeat is not carried out twice. Default: a random key per call, which
   * the retries of that call share. Pass one of your own to repeat a write whose outcome is unknown.
   */
  readonly idempotencyKey?: string | undefined;
  /** Pass `representation` to get the contact as it is after the write. */
  readonly prefer?: P | undefined;
}

export interface UpdateOptions<P extends Preference = 'minimal'> extends WriteOptions<P> {
  /** The `etag` of `getContact` without includes. If the contact has changed, the server responds 412. */
  readonly ifMatch?: string | undefined;
}
