import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';
import { AppError, isAppError } from '../errors.ts';
import { clientAddress, type Trust } from '../lib/client-address.ts';
import type { RateLimitStore, Tier } from './rate-limit-store.ts';
import { rateLimitUnavailable } from './rate-limit-callers.ts';
import { limitKey } from './limit-key.ts';

export interface ThrottleOptions {
  readonly tier: Tier;
  readonly rateLimitStore: RateLimitStore;
}

/** The prefix that a provider assigns to one customer; all its addresses count as one client. */
const IPV6_CLIENT_BITS = 64;

/**
 * Limits failed authentication by client address: above the limit, failures get a 429 response. Valid tokens
 * are still accepted, because many users can share an address with an attacker.
 */
export function throttleFailedAuthentication(
  authenticate: RequestHandler,
  { tier, rateLimitStore }: ThrottleOptions,
): RequestHandler {
  /**
   * @throws AppError the failure itself within the limit; `RATE_LIMITED` above it;
   *   `RATE_LIMIT_UNAVAILABLE` if the policy rejects uncounted requests, to prevent token guessing.
   */
  async function count(req: Request, failure: unknown): Promise<never> {
    if (!isAppError(failure, 'MISSING_TOKEN', 'INVALID_TOKEN', 'EXPIRED_TOKEN')) throw failure;
    const result = await rateLimitStore.consume(addressKey(req), 1, tier);
    const { allowed, counted, resetMs } = result;
    if (allowed) throw failure;
    if (!counted) throw rateLimitUnavailable(result, failure);
    throw new AppError('RATE_LIMITED', { retryAfterS: Math.ceil(resetMs / 1000), cause: failure });
  }

  return function authenticateWithinLimit(req, res, next) {
    try {
      const pending: unknown = authenticate(req, res, next);
      return pending instanceof Promise ? pending.catch((error: unknown) => count(req, error)) : undefined;
    } catch (error) {
      return count(req, error);
    }
  };
}

function addressKey(req: Request): string {
  const forwardedFor = req.get('x-forwarded-for') ?? '';
  const trust = req.app.get('trust proxy fn') as Trust;
  // `req.ip` of Express keeps the port if a proxy adds one.
  const address = clientAddress(req.socket.remoteAddress, forwardedFor, trust);
  return limitKey('address', ipKeyGenerator(address, IPV6_CLIENT_BITS));
}
