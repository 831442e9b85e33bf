import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';
import { AppError, isAppError } from '../errors.ts';
import { clientAddress, type Trust } from '../lib/client-address.ts';
import type { RateLimitStore, Tier } from './rate-limit-store.ts';
import { rateLimitUnavailable } from './rate-limit-callers.ts';
import { limitKey } from './limit-key.ts';

export interface ThrottleOptions {
  readonly tier: Tier;
  readonly allowance: RateLimitStore;
}

/** What one customer of a provider is given: its addresses are one client. */
const IPV6_CLIENT_BITS = 64;

/**
 * Limits failed authentication by the client's address: beyond the limit a failure is answered 429. Whoever
 * has a good token is let in all the same, since many people can share an address with one who guesses.
 */
export function throttleFailedAuthentication(
  authenticate: RequestHandler,
  { tier, allowance }: ThrottleOptions,
): RequestHandler {
  /**
   * @throws AppError the failure itself within the limit, `RATE_LIMITED` beyond it, and
   *   `RATE_LIMIT_UNAVAILABLE` if the policy is to refuse uncounted requests: tokens could be guessed otherwise.
   */
  async function count(req: Request, failure: unknown): Promise<never> {
    if (!isAppError(failure, 'MISSING_TOKEN', 'INVALID_TOKEN', 'EXPIRED_TOKEN')) throw failure;
    const verdict = await allowance.consume(addressKey(req), 1, tier);
    const { allowed, counted, resetMs } = verdict;
    if (allowed) throw failure;
    if (!counted) throw rateLimitUnavailable(verdict, failure);
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
  // Express's `req.ip` keeps the port that a proxy may write.
  const address = clientAddress(req.socket.remoteAddress, forwardedFor, trust);
  return limitKey('address', ipKeyGenerator(address, IPV6_CLIENT_BITS));
}
