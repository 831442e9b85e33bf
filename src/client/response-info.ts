/** The state of one rate limit (`RateLimit`, draft 8). */
export interface RateLimit {
  readonly policy: string;
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly resetS: number;
}

/** The metadata of a response. */
export interface ResponseInfo {
  readonly status: number;
  /** Quote it when you report an error. */
  readonly requestId: string | undefined;
  /** Pass it as `ifMatch`. */
  readonly etag: string | undefined;
  /** `Cache-Status` (RFC 9211), such as `zyntro-bff; hit; ttl=41`. */
  readonly cacheStatus: string | undefined;
  /** The rate limits that the request counts in. */
  readonly rateLimits: readonly RateLimit[];
  /** Whether the response to an earlier request with the same idempotency key was repeated. */
  readonly replayed: boolean;
}

const RATE_LIMIT = /"([^"]*)"\s*;\s*r=(\d+)\s*;\s*t=(\d+)/g;

export function responseInfo({ status, headers }: Response): ResponseInfo {
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  return {
    status,
    requestId: header('x-request-id'),
    etag: header('etag'),
    cacheStatus: header('cache-status'),
    rateLimits: [...(header('ratelimit') ?? '').matchAll(RATE_LIMIT)].map(([, policy, r, t]) => ({
      policy: policy!,
      remaining: +r!,
      resetS: +t!,
    })),
    replayed: header('idempotency-replayed') === 'true',
  };
}
