import { AsyncLocalStorage } from 'node:async_hooks';
import type { Request, RequestHandler, Response } from 'express';
import { rateLimit, type Store } from 'express-rate-limit';
import { andThen } from '../contact/eventually.ts';
import type { Caller } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { callerOf, headerLine, scopeOf, type RequestScope } from '../scope.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Allowance, Tier, Verdict } from './allowance.ts';
import { limitKey } from './limit-key.ts';

export const DEFAULT_TIER = 'default';

export interface LimitCallerOptions {
  /** By name; `default` is among them. */
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly allowance: Allowance;
  readonly metrics: Pick<Metrics, 'rateLimit'>;
}

/** The current request's verdict: express-rate-limit hands its store a key and nothing else. */
const verdicts = new AsyncLocalStorage<Verdict>();

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
 * @returns a function that makes the step for a route whose requests cost this much.
 */
export function limitCallers({ tiers, allowance, metrics }: LimitCallerOptions) {
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
      const verdict = allowance.take(account.key, costOf(req), account.tier);
      const goOn = (judged: Verdict): void => {
        const { allowed, counted } = judged;
        metrics.rateLimit(account.tier.name, allowed ? (counted ? 'allowed' : 'uncounted') : 'limited');
        const scope = scopeOf(req);
        if (allowed && account.policyLine !== undefined) {
          scope.headerLines += headerLine('RateLimit', remainder(judged, account.tier)) + account.policyLine;
          return next();
        }
        const worded = headerCatcher(scope, (line) => (account.policyLine = line));
        verdicts.run(judged, () => void account.limiter(req, worded, next));
      };
      return andThen(verdict, goOn);
    };
  };
}

/** Draft 8 of the RateLimit header fields, section 4.1, as express-rate-limit words it. */
function remainder(verdict: Verdict, { name, limit }: Tier): string {
  return `"${name}"; r=${limit - hitsOf(verdict, limit)}; t=${Math.ceil(verdict.resetMs / 1000)}`;
}

/** How much of the limit is shown as used. */
function hitsOf({ allowed, used }: Verdict, limit: number): number {
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

/** A response of which express-rate-limit sets headers and nothing else: they go out with all the others. */
function headerCatcher(scope: RequestScope, onPolicy: (line: string) => void): Response {
  const add = (name: string, value: string): void => {
    const line = headerLine(name, value);
    scope.headerLines += line;
    if (name === 'RateLimit-Policy') onPolicy(line);
  };
  return { headersSent: false, append: add, setHeader: add } as unknown as Response;
}
