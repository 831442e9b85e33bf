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
  /** Where the proxy is: `https://api.example.com`, or `''` for the page's own origin. */
  readonly baseUrl: string;
  /**
   * The user's JWT; a function is asked before every request, so that it can renew what expires. Leave it
   * out where the proxy takes a login's cookie.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** Milliseconds that a request may take from its start to the last byte of its answer. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof globalThis.fetch;
}

export interface RequestOptions {
  readonly fields?: Fieldsets;
  readonly signal?: AbortSignal;
  /** Ask the CRM itself. It takes a token with the scope `cache:bypass`. */
  readonly bypassCache?: boolean;
}

export interface ContactOptions<Includes extends readonly Include[]> extends RequestOptions {
  readonly include?: Includes;
}

export interface Contacts<Includes extends readonly Include[]> {
  readonly data: ContactWith<Includes>[];
  /** The contacts that could not be read, in the order asked. */
  readonly errors: ContactFailure[];
}

export type ContactsClient = ReturnType<typeof createClient>;

const DEFAULT_TIMEOUT_MS = 15_000;

/**
 * Reads contacts through the proxy.
 *
 * Every method throws a `ProblemError` where the server refuses or fails, and whatever `fetch` throws where
 * there is no answer: a `TimeoutError`, the reason that `signal` was aborted with, or a `TypeError`.
 */
export function createClient(options: ClientOptions) {
  const get = getter(options);
  return {
    /** One contact. The type has the includes that are asked for, and no other. */
    async getContact<const Includes extends readonly Include[] = []>(
      id: string,
      options: ContactOptions<Includes> = {},
    ): Promise<ContactWith<Includes>> {
      const { data } = await get<{ data: ContactWith<Includes> }>(contactPath(id), options);
      return data;
    },

    /** One include alone; null where there is none. */
    async getPart<P extends Include>(
      id: string,
      part: P,
      options: RequestOptions = {},
    ): Promise<PartValue<P>> {
      const { data } = await get<{ data: PartValue<P> }>(`${contactPath(id)}/${part}`, options);
      return data;
    },

    /** Several contacts in one call. Each fails or succeeds by itself, so look at `errors`, too. */
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
  return async function get<Answer>(
    path: string,
    options: ContactOptions<readonly Include[]>,
    more: Record<string, string> = {},
  ): Promise<Answer> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const jwt = typeof token === 'function' ? await token() : token;
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (jwt !== undefined) headers['Authorization'] = `Bearer ${jwt}`;
    // The proxy's protection against forged requests with the cookie.
    else headers['X-Requested-With'] = 'zyntro-bff-client';
    if (options.bypassCache) headers['Cache-Control'] = 'no-cache';
    const response = await fetch(`${base}${path}${search(options, more)}`, {
      headers,
      signal,
      // What it carries is for this server alone.
      redirect: 'error',
      credentials: jwt === undefined ? 'include' : 'omit',
    });
    if (!response.ok) throw await problemErrorOf(response);
    try {
      return (await response.json()) as Answer;
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
