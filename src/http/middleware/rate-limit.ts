import { hash } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Caller } from '../../contact/read-contact.ts';
import { AppError } from '../../errors.ts';
import { thenMaybe, type MaybePromise } from '../../lib/maybe-promise.ts';
import { limitKey } from '../../rate-limit/limit-key.ts';
import type { RateLimitResult, RateLimitStore, Tier } from '../../rate-limit/rate-limit-store.ts';
import type { Metrics, RateLimitDecision } from '../../telemetry/metrics.ts';
import { callerOf, contextOf } from '../request-context.ts';

const DEFAULT_TIER = 'default';

export interface RateLimitCallersOptions {
  /** Tiers by name; must include `default`. */
  readonly tiers: ReadonlyMap<string, CallerTier>;
  readonly rateLimitStore: RateLimitStore;
  readonly metrics: Pick<Metrics, 'rateLimit'>;
}

/** A tier of callers. `writes` counts their writes in addition. */
export interface CallerTier extends Tier {
  readonly writes?: Tier | undefined;
}

/** One limit of a caller. */
interface Quota {
  readonly tier: Tier;
  readonly key: string;
  /** The `RateLimit-Policy` field. */
  readonly policy: string;
}

/** The limits of all requests with one token. */
interface Account {
  readonly requests: Quota;
  readonly writes: Quota | undefined;
}

/**
 * Limits callers by issuer and subject, each within its tier. Must run after authentication.
 *
 * It does not use express-rate-limit, which counts one per request, cannot refuse a batch without counting it,
 * and reports a remaining quota of 0 for each refusal. That package limits failed authentication.
 *
 * @returns a function that creates the middleware of a route. The middleware
 *   throws AppError `RATE_LIMITED`, `RATE_LIMIT_UNAVAILABLE`, or `INVALID_IDS` if the cost exceeds the limit.
 */
export function rateLimitCallers({ tiers, rateLimitStore, metrics }: RateLimitCallersOptions) {
  const defaultTier = tiers.get(DEFAULT_TIER)!;
  // A caller is the same object while its token is cached.
  const accounts = new WeakMap<Caller, Account>();

  function accountOf(caller: Caller): Account {
    let account = accounts.get(caller);
    if (!account) {
      const tier = (caller.tier !== undefined && tiers.get(caller.tier)) || defaultTier;
      account = { requests: quotaOf(tier, caller), writes: tier.writes && quotaOf(tier.writes, caller) };
      accounts.set(caller, account);
    }
    return account;
  }

  /** Consumes the cost and adds the two fields to the response. @throws AppError if nothing is left. */
  function consume(req: Request, quota: Quota, cost: number): MaybePromise<void> {
    const { tier, key } = quota;
    return thenMaybe(rateLimitStore.consume(key, cost, tier), (result) => {
      const decision = decisionOf(result);
      metrics.rateLimit(tier.name, decision);
      if (decision === 'unavailable') throw rateLimitUnavailable(result);
      addQuotaFields(req, quota, result);
      if (decision === 'limited') throw rateLimited(result);
    });
  }

  /** Rejects a batch that no window can hold. It costs nothing, but the response has the two fields. */
  function refuseBatch(req: Request, quota: Quota): MaybePromise<never> {
    return thenMaybe(rateLimitStore.consume(quota.key, 0, quota.tier), (result) => {
      if (decisionOf(result) !== 'unavailable') addQuotaFields(req, quota, result);
      throw costsMoreThan(quota.tier);
    });
  }

  return function limitCaller({ costOf, isWrite }: RouteCost): RequestHandler {
    return function limitThisCaller(req, _res, next) {
      const { requests, writes } = accountOf(callerOf(req));
      const cost = costOf ? costOf(req) : 1;
      if (cost > requests.tier.limit) return refuseBatch(req, requests);
      const pending = thenMaybe(consume(req, requests, cost), () =>
        isWrite && writes ? consume(req, writes, cost) : undefined,
      );
      return thenMaybe(pending, () => next());
    };
  };
}

export interface RouteCost {
  /** Returns the cost of a request; 1 if undefined. */
  readonly costOf: ((req: Request) => number) | undefined;
  readonly isWrite: boolean;
}

function quotaOf(tier: Tier, { issuer, subject }: Caller): Quota {
  const key = limitKey('caller', tier.name, issuer, subject);
  return { tier, key, policy: policyField(tier, key) };
}

function decisionOf({ allowed, counted }: RateLimitResult): RateLimitDecision {
  if (allowed) return counted ? 'allowed' : 'uncounted';
  return counted ? 'limited' : 'unavailable';
}

/** Creates the error for a request over the limit. */
export function rateLimited({ resetMs }: Pick<RateLimitResult, 'resetMs'>): AppError {
  return new AppError('RATE_LIMITED', { retryAfterS: Math.ceil(resetMs / 1000) });
}

/** Creates the error for a request that the policy `closed` rejects because the store fails. */
export function rateLimitUnavailable({ resetMs }: RateLimitResult): AppError {
  return new AppError('RATE_LIMIT_UNAVAILABLE', { retryAfterS: Math.ceil(resetMs / 1000) });
}

/** Creates the error for a batch that no window can hold, so that a retry cannot succeed. */
function costsMoreThan({ limit }: Tier): AppError {
  return new AppError('INVALID_IDS', {
    detail: `The rate limit is ${limit} contacts per window. Send at most ${limit} ids in one request.`,
  });
}

function addQuotaFields(req: Request, { tier, policy }: Quota, result: RateLimitResult): void {
  const { responseHeaders } = contextOf(req);
  responseHeaders.push('RateLimit', quotaField(result, tier), 'RateLimit-Policy', policy);
}

/** Returns the `RateLimit` field: the remaining quota (draft-ietf-httpapi-ratelimit-headers-08 section 4.1). */
function quotaField({ used, resetMs }: RateLimitResult, { name, limit }: Tier): string {
  const left = Math.max(0, limit - Math.max(0, used));
  return `"${name}"; r=${left}; t=${Math.ceil(resetMs / 1000)}`;
}

/** Returns the `RateLimit-Policy` field with the caller's partition key (same draft, section 3.1). */
function policyField({ name, limit, windowMs }: Tier, key: string): string {
  const partition = Buffer.from(hash('sha256', key, 'hex').slice(0, 12)).toString('base64');
  return `"${name}"; q=${limit}; w=${Math.ceil(windowMs / 1000)}; pk=:${partition}:`;
}
