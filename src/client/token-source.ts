import type { ClientOptions } from './options.ts';

export interface TokenSource {
  get(): string | undefined | Promise<string | undefined>;
  /** Resolves to another token, or to undefined if there is none. Calls in flight are shared. */
  renew(rejected: string | undefined): Promise<string | undefined>;
}

/** The characters of a bearer token (RFC 6750, section 2.1). `fetch` quotes others in its error message. */
const TOKEN = /^[\w.~+/-]+=*$/;

export function tokenSource(token: ClientOptions['token']): TokenSource {
  const inFlight = new Map<string | undefined, Promise<string | undefined>>();
  const get = async (rejected?: string): Promise<string | undefined> => {
    // A function without a token must not select the session of the cookie, which can be another user's.
    if (token === undefined) return undefined;
    const jwt: unknown = typeof token === 'function' ? await token({ rejected }) : token;
    if (typeof jwt !== 'string' || !TOKEN.test(jwt))
      throw new TypeError('The token is missing, empty or has invalid characters.');
    return jwt === rejected ? undefined : jwt;
  };
  return {
    get: () => get(),
    renew(rejected) {
      let renewal = inFlight.get(rejected);
      if (!renewal) {
        renewal = get(rejected).finally(() => inFlight.delete(rejected));
        inFlight.set(rejected, renewal);
      }
      return renewal;
    },
  };
}
