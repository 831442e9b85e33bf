import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit, type Store } from 'express-rate-limit';
import { isAppError } from '../../errors.ts';
import { limitKey } from '../../rate-limit/limit-key.ts';
import type { RateLimitStore, Tier } from '../../rate-limit/rate-limit-store.ts';
import { rateLimited, rateLimitUnavailable } from './rate-limit.ts';

export interface ThrottleOptions {
  readonly tier: Tier;
  readonly rateLimitStore: RateLimitStore;
}

/** The prefix that a provider assigns to one customer; all its addresses count as one client. */
const IPV6_CLIENT_BITS = 64;

/**
 * Limits failed authentication by client address: above the limit, failures get a 429 response, or a 503 if the
 * policy rejects uncounted requests, to prevent token guessing. Valid tokens are still accepted, because many
 * users can share an address with an attacker.
 */
export function throttleFailedAuthentication(
  authenticate: RequestHandler,
  { tier, rateLimitStore }: ThrottleOptions,
): RequestHandler {
  const limiter = rateLimit({
    windowMs: tier.windowMs,
    limit: tier.limit,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: addressKey,
    store: storeOf(rateLimitStore, tier),
    handler: (req, _res, next) => next(rateLimited({ resetMs: resetMsOf(req) })),
    // The validations are for the first setup, and write to the console.
    validate: false,
  });
  return function authenticateWithinLimit(req, res, next) {
    const count = (failure: unknown): void => {
      if (!isAppError(failure, 'MISSING_TOKEN', 'INVALID_TOKEN', 'EXPIRED_TOKEN')) return next(failure);
      void limiter(req, res, (refusal?: unknown) => next(refusal ?? failure));
    };
    try {
      const pending: unknown = authenticate(req, res, next);
      return pending instanceof Promise ? pending.catch(count) : undefined;
    } catch (failure) {
      return count(failure);
    }
  };
}

/** Adapts the store, which counts for both limits, to express-rate-limit. */
function storeOf(store: RateLimitStore, tier: Tier): Store {
  return {
    localKeys: false,
    async increment(key) {
      const result = await store.consume(key, 1, tier);
      if (!result.allowed && !result.counted) throw rateLimitUnavailable(result);
      const totalHits = result.allowed ? Math.min(Math.max(result.used, 1), tier.limit) : tier.limit + 1;
      return { totalHits, resetTime: new Date(Date.now() + result.resetMs) };
    },
    // Only options that are not in use call these.
    decrement: () => {},
    resetKey: () => {},
  };
}

function resetMsOf(req: Request): number {
  const { resetTime } = (req as Request & { rateLimit: { resetTime: Date } }).rateLimit;
  return Math.max(1, resetTime.getTime() - Date.now());
}

function addressKey({ ip = '' }: Request): string {
  return limitKey('address', ipKeyGenerator(ip, IPV6_CLIENT_BITS));
}
