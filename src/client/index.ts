import type { ContactWith, Fieldsets, Include, PartValue } from './contact-types.ts';
import { ProblemError, problemErrorOf } from './problem-error.ts';
import type { ContactFailure } from './schema.ts';

export { ProblemError };
export type * from './contact-types.ts';
export type {
  Contact,
  ContactFailure,
  Entity,
  ErrorCode,
  Note,
  Problem,
  Profile,
  Signals,
} from './schema.ts';

export interface ClientOptions {
  /** The URL of the proxy: `https://api.example.com`, or `''` for the page's own origin. */
  readonly baseUrl: string;
  /**
   * The user's JWT. A function is called before every request, so that it can renew an expired token.
   * Omit it if the proxy accepts a session cookie.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** Maximum milliseconds from the start of a request to the last byte of its response. Default: 15 000. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof globalThis.fetch;
}

export interface RequestOptions {
  readonly fields?: Fieldsets;
  readonly signal?: AbortSignal;
  /** Bypasses the cache. Requires a token with the scope `cache:bypass`; ignored without it. */
  readonly bypassCache?: boolean;
}

export interface ContactOptions<Includes extends readonly Include[]> extends RequestOptions {
  readonly include?: Includes;
}

export interface Contacts<Includes extends readonly Include[]> {
  readonly data: ContactWith<Includes>[];
  /** The contacts that could not be read, in the order of `ids`. */
  readonly errors: ContactFailure[];
}

export type ContactsClient = ReturnType<typeof createClient>;

const DEFAULT_TIMEOUT_MS = 15_000;

/**
 * Creates a client that reads contacts through the proxy.
 *
 * Every method throws a `ProblemError` if the server returns an error. Without a response, it throws
 * the error of `fetch`: a `TimeoutError`, the abort reason of `signal`, or a `TypeError`.
 */
export function createClient(options: ClientOptions) {
  const get = getter(options);
  return {
    /** Reads one contact. The result type has exactly the requested includes. */
    async getContact<const Includes extends readonly Include[] = []>(
      id: string,
      options: ContactOptions<Includes> = {},
    ): Promise<ContactWith<Includes>> {
      const { data } = await get<{ data: ContactWith<Includes> }>(contactPath(id), options);
      return data;
    },

    /** Reads one include alone. Resolves to null if the CRM has none. */
    async getPart<P extends Include>(
      id: string,
      part: P,
      options: RequestOptions = {},
    ): Promise<PartValue<P>> {
      const { data } = await get<{ data: PartValue<P> }>(`${contactPath(id)}/${part}`, options);
      return data;
    },

    /** Reads several contacts in one call. Each succeeds or fails on its own, so check `errors`, too. */
    getContacts<const Includes extends readonly Include[] = []>(
      ids: readonly string[],
      options: ContactOptions<Includes> = {},
    ): Promise<Contacts<Includes>> {
      return get<Contacts<Includes>>('/contacts', options, { ids: ids.join(',') });
    },
  };
}

function contactPath(id: string): string {
  return `/contacts/${encodeURIComponent(id)}`;
}

function getter({ baseUrl, token, timeoutMs = DEFAULT_TIMEOUT_MS, fetch = globalThis.fetch }: ClientOptions) {
  const base = baseUrl.replace(/\/+$/, '');
  return async function get<Result>(
    path: string,
    options: ContactOptions<readonly Include[]>,
    more: Record<string, string> = {},
  ): Promise<Result> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const jwt = typeof token === 'function' ? await token() : token;
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (jwt !== undefined) headers['Authorization'] = `Bearer ${jwt}`;
    // The proxy requires this header with a cookie, as CSRF protection.
    else headers['X-Requested-With'] = 'zyntro-bff-client';
    if (options.bypassCache) headers['Cache-Control'] = 'no-cache';
    const response = await fetch(`${base}${path}${search(options, more)}`, {
      headers,
      signal,
      // A redirect could send the token to another server.
      redirect: 'error',
      credentials: jwt === undefined ? 'include' : 'omit',
    });
    if (!response.ok) throw await problemErrorOf(response);
    try {
      return (await response.json()) as Result;
    } catch (error) {
      if ((error as Error).name === 'SyntaxError') throw new ProblemError(response, undefined);
      throw error;
    }
  };
}

function search(
  { include, fields }: ContactOptions<readonly Include[]>,
  more: Record<string, string>,
): string {
  const query = new URLSearchParams(more);
  if (include && include.length > 0) query.set('include', include.join(','));
  for (const [part, names] of Object.entries(fields ?? {})) query.set(`fields[${part}]`, names.join(','));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
