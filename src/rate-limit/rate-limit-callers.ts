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
  /** By name; `default` is among them. */
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly allowance: RateLimitStore;
  readonly metrics: Pick<Metrics, 'rateLimit'>;
}

/** The current request's verdict: express-rate-limit hands its store a key and nothing else. */
const verdicts = new AsyncLocalStorage<RateLimitResult>();

/** What stays the same for all requests with one token. */
interface Account {
  readonly tier: Tier;
  readonly key: string;
  readonly limiter: RequestHandler;
  /** As express-rate-limit worded it for the caller's first request, which costs it two hashes. */
  policyLine: string | undefined;
}

/**
 * Limits callers by issuer and subject, each within its tier. Behind authentication. express-rate-limit words
 * a caller's policy, and whatever is refused; the rest goes by without it, since it takes longer than all the
 * other steps together.
 *
 * @returns a function that makes the step for a route whose requests cost this much; it throws AppError
 *   `RATE_LIMITED`, `RATE_LIMIT_UNAVAILABLE`, or `INVALID_IDS` for a cost above the whole limit.
 */
export function rateLimitCallers({ tiers, allowance, metrics }: RateLimitCallersOptions) {
  const limiters = new Map([...tiers].map(([name, tier]) => [name, { tier, limiter: limiterOf(tier) }]));
  const defaultLimiter = limiters.get(DEFAULT_TIER)!;
  // A caller is the same object for as long as its token is remembered.
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
      const verdict = allowance.consume(account.key, cost, account.tier);
      const goOn = (judged: RateLimitResult): void => {
        const decision = decisionOf(judged);
        metrics.rateLimit(account.tier.name, decision);
        if (decision === 'unavailable') throw rateLimitUnavailable(judged);
        const scope = scopeOf(req);
        scope.headerLines += headerLine('RateLimit', remainder(judged, account.tier));
        if (judged.allowed && account.policyLine !== undefined) {
          scope.headerLines += account.policyLine;
          return next();
        }
        const worded = headerCatcher(scope, (line) => (account.policyLine = line));
        verdicts.run(judged, () => void account.limiter(req, worded, next));
      };
      return thenMaybe(verdict, goOn);
    };
  };
}

function decisionOf({ allowed, counted }: RateLimitResult): RateLimitDecision {
  if (allowed) return counted ? 'allowed' : 'uncounted';
  return counted ? 'limited' : 'unavailable';
}

/** The error of a request that the policy `closed` refuses, because the store fails. */
export function rateLimitUnavailable({ resetMs }: RateLimitResult, cause?: unknown): AppError {
  return new AppError('RATE_LIMIT_UNAVAILABLE', { retryAfterS: Math.ceil(resetMs / 1000), cause });
}

/** The error of a batch that waiting does not help: no window holds that much. */
function costsMoreThan({ limit }: Tier): AppError {
  return new AppError('INVALID_IDS', {
    detail: `The rate limit holds ${limit} contacts in a window. Send at most ${limit} ids in one request.`,
  });
}

/**
 * The quota that is left, by section 4.1 of draft 8 of the RateLimit header fields. express-rate-limit reports
 * 0 with every refusal, but a batch that does not fit leaves the quota as it was.
 */
function remainder({ used, resetMs }: RateLimitResult, { name, limit }: Tier): string {
  const left = Math.max(0, limit - Math.max(0, used));
  return `"${name}"; r=${left}; t=${Math.ceil(resetMs / 1000)}`;
}

/** The count that makes express-rate-limit let a request through or refuse it. */
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
    // Its checks are for the mistakes of a first set-up, and write to the console.
    validate: false,
  });
}

/** The verdict was given before; express-rate-limit asks for it as for a count. */
function storeOf({ limit }: Tier): Store {
  return {
    async increment() {
      const verdict = verdicts.getStore()!;
      return { totalHits: hitsOf(verdict, limit), resetTime: new Date(Date.now() + verdict.resetMs) };
    },
    // Asked for by options that are not in use: what was counted is never taken back.
    decrement: () => {},
    resetKey: () => {},
  };
}

/** A response of which express-rate-limit sets headers and nothing else, less `RateLimit`. */
function headerCatcher(scope: RequestScope, onPolicy: (line: string) => void): Response {
  const add = (name: string, value: string): void => {
    if (name === 'RateLimit') return;
    const line = headerLine(name, value);
    scope.headerLines += line;
    if (name === 'RateLimit-Policy') onPolicy(line);
  };
  return { headersSent: false, append: add, setHeader: add } as unknown as Response;
}
