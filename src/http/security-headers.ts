import helmet, { type HelmetOptions } from 'helmet';

export type SecurityHeaders = ReadonlyMap<string, string>;

/**
 * The security headers that matter for JSON (OWASP REST Security Cheat Sheet).
 * Browsers do not check `Cross-Origin-Resource-Policy` for CORS requests, so `same-origin` does not affect the
 * pages of `CORS_ORIGINS` (Fetch standard, section 3.7).
 */
const JSON_SECURITY: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: 'same-origin' },
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
};

/** Helmet's headers for JSON. They are the same for each response, so helmet runs once. */
export const JSON_HEADERS = headersOf(JSON_SECURITY);

/**
 * Helmet's default headers for pages and their assets, by the scheme of the request. Over http,
 * `upgrade-insecure-requests` would make a browser load the assets over https, where nothing listens.
 */
export const PAGE_HEADERS: Readonly<Record<PageScheme, SecurityHeaders>> = {
  https: headersOf({}),
  http: headersOf({ contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } } }),
};

export type PageScheme = 'http' | 'https';

function headersOf(options: HelmetOptions): SecurityHeaders {
  const headers = new Map<string, string>();
  const response = {
    setHeader: (name: string, value: string) => headers.set(name, value.replaceAll(/;(?=\S)/g, '; ')),
    removeHeader: () => {},
  };
  helmet(options)({} as never, response as never, () => {});
  return headers;
}
