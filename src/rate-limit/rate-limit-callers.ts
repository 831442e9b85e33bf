import { AsyncLocalStorage } from 'node:async_hooks';
import type { Request, RequestHandler, Response } from 'express';
import { rateLimit, type Store } from 'express-rate-limit';
import { thenMaybe } from '../lib/maybe-promise.ts';
import type { Caller } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { callerOf, headerLine, scopeOf, type RequestScope } from '../scope.ts';
import type { Metrics, RateLimitDecision } from '../telemetry/metrics.ts';
import type { RateLimitStore, Tier, RateLimitResult } from './rate-limit-store.ts';
import { limitKey } from './limit-key.ts';

export const DEFAULT_TIER = 'default';

export interface RateLimitCallersOptions {
  /** Tiers by name; must include `default`. */
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly rateLimitStore: RateLimitStore;
  readonly metrics: Pick<Metrics, 'rateLimit'>;
}

/** The result for the current request. express-rate-limit passes nothing but a key to its store. */
const results = new AsyncLocalStorage<RateLimitResult>();

/** The values that are the same for all requests with one token. */
interface Account {
  readonly tier: Tier;
  readonly key: string;
  readonly limiter: RequestHandler;
  /** The line that express-rate-limit wrote for the caller's first request; writing it costs two hashes. */
  policyLine: string | undefined;
}

/**
 * Limits callers by issuer and subject, each within its tier. Must run after authentication. express-rate-limit
 * handles rejected requests and each caller's first; the others bypass it, because it takes longer than all
 * other middleware together.
 *
 * @returns a function that creates the middleware for a route from the cost of its requests. The middleware
 *   throws AppError `RATE_LIMITED`, `RATE_LIMIT_UNAVAILABLE`, or `INVALID_IDS` if the cost exceeds the limit.
 */
export function rateLimitCallers({ tiers, rateLimitStore, metrics }: RateLimitCallersOptions) {
  const limiters = new Map([...tiers].map(([name, tier]) => [name, { tier, limiter: limiterOf(tier) }]));
  const defaultLimiter = limiters.get(DEFAULT_TIER)!;
  // A caller is the same object while its token is cached.
  const accounts = new WeakMap<Caller, Account>();

  function accountOf(caller: Caller): Account {
    let account = accounts.get(caller);
    if (!account) {
      const { issuer, subject } = caller;
      const limiter = (caller.tier !== undefined && limiters.get(caller.tier)) || defaultLimiter;
      const key = limitKey('caller', limiter.tier.name, issuer, subject);
      account = { ...limiter, key, policyLine: undefined };
      accounts.set(caller, account);
    }
    return account;
  }

  return function limitCaller(costOf: (req: Request) => number): RequestHandler {
    return function limitThisCaller(req, _res, next) {
      const account = accountOf(callerOf(req));
      const cost = costOf(req);
      if (cost > account.tier.limit) throw costsMoreThan(account.tier);
      const pending = rateLimitStore.consume(account.key, cost, account.tier);
      const applyResult = (result: RateLimitResult): void => {
        const decision = decisionOf(result);
        metrics.rateLimit(account.tier.name, decision);
        if (decision === 'unavailable') throw rateLimitUnavailable(result);
        const scope = scopeOf(req);
        scope.headerLines += headerLine('RateLimit', rateLimitField(result, account.tier));
        if (result.allowed && account.policyLine !== undefined) {
          scope.headerLines += account.policyLine;
          return next();
        }
        const collector = headerCollector(scope, (line) => (account.policyLine = line));
        results.run(result, () => void account.limiter(req, collector, next));
      };
      return thenMaybe(pending, applyResult);
    };
  };
}

function decisionOf({ allowed, counted }: RateLimitResult): RateLimitDecision {
  if (allowed) return counted ? 'allowed' : 'uncounted';
  return counted ? 'limited' : 'unavailable';
}

/** Creates the error for a request that the policy `closed` rejects because the store fails. */
export function rateLimitUnavailable({ resetMs }: RateLimitResult, cause?: unknown): AppError {
  return new AppError('RATE_LIMIT_UNAVAILABLE', { retryAfterS: Math.ceil(resetMs / 1000), cause });
}

/** Creates the error for a batch that no window can hold, so that a retry cannot succeed. */
function costsMoreThan({ limit }: Tier): AppError {
  return new AppError('INVALID_IDS', {
    detail: `The rate limit is ${limit} contacts per window. Send at most ${limit} ids in one request.`,
  });
}

/**
 * Returns the `RateLimit` field with the remaining quota (draft-ietf-httpapi-ratelimit-headers-08 section 4.1).
 * express-rate-limit reports 0 for every rejection, but a rejected batch leaves the quota unchanged.
 */
function rateLimitField({ used, resetMs }: RateLimitResult, { name, limit }: Tier): string {
  const left = Math.max(0, limit - Math.max(0, used));
  return `"${name}"; r=${left}; t=${Math.ceil(resetMs / 1000)}`;
}

/** Returns a count that makes express-rate-limit allow or reject the request. */
function hitsOf({ allowed, used }: RateLimitResult, limit: number): number {
  return allowed ? Math.min(Math.max(used, 1), limit) : limit + 1;
}

function limiterOf(tier: Tier): RequestHandler {
  return rateLimit({
    windowMs: tier.windowMs,
    limit: tier.limit,
    identifier: tier.name,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    store: storeOf(tier),
    keyGenerator: (req) => {
      const { issuer, subject } = callerOf(req);
      return limitKey('caller', tier.name, issuer, subject);
    },
    handler: (_req, _res, next) => next(new AppError('RATE_LIMITED')),
    // The validations are for the first setup, and write to the console.
    validate: false,
  });
}

/** Adapts the result of the current request to a store of express-rate-limit. */
function storeOf({ limit }: Tier): Store {
  return {
    async increment() {
      const result = results.getStore()!;
      return { totalHits: hitsOf(result, limit), resetTime: new Date(Date.now() + result.resetMs) };
    },
    // No-ops: only options that are not in use call these.
    decrement: () => {},
    resetKey: () => {},
  };
}

/** Creates a response stand-in that collects the headers of express-rate-limit, except `RateLimit`. */
function headerCollector(scope: RequestScope, onPolicy: (line: string) => void): Response {
  const add = (name: string, value: string): void => {
    if (name === 'RateLimit') return;
    const line = headerLine(name, value);
    scope.headerLines += line;
    if (name === 'RateLimit-Policy') onPolicy(line);
  };
  return { headersSent: false, append: add, setHeader: add } as unknown as Response;
}
