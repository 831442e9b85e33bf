import { AsyncLocalStorage } from 'node:async_hooks';
import type { Request, RequestHandler } from 'express';
import { rateLimit, type Store } from 'express-rate-limit';
import { AppError } from '../errors.ts';
import { callerOf } from '../scope.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Allowance, Tier } from './allowance.ts';
import { limitKey } from './limit-key.ts';

export const DEFAULT_TIER = 'default';

export interface LimitCallerOptions {
  /** By name; `default` is among them. */
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly allowance: Allowance;
  readonly metrics: Metrics;
}

/** What the current request costs: express-rate-limit hands its store a key and nothing else. */
const costs = new AsyncLocalStorage<number>();

/**
 * Limits callers by issuer and subject, each within its tier. Behind authentication.
 *
 * @returns a function that makes the step for a route whose requests cost this much.
 */
export function limitCallers({ tiers, allowance, metrics }: LimitCallerOptions) {
  const limiters = new Map([...tiers].map(([name, tier]) => [name, limiterOf(tier)]));
  const defaultLimiter = limiters.get(DEFAULT_TIER)!;

  function limiterOf(tier: Tier): RequestHandler {
    return rateLimit({
      windowMs: tier.windowMs,
      limit: tier.limit,
      identifier: tier.name,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      store: storeOf(tier, allowance, metrics),
      keyGenerator: (req) => keyOf(req, tier),
      handler: (_req, _res, next) => next(new AppError('RATE_LIMITED')),
      // Its checks are for the mistakes of a first set-up, and write to the console.
      validate: false,
    });
  }

  return function limitCaller(costOf: (req: Request) => number): RequestHandler {
    return function limitThisCaller(req, res, next) {
      const { tier } = callerOf(req);
      const limiter = (tier !== undefined && limiters.get(tier)) || defaultLimiter;
      costs.run(costOf(req), () => limiter(req, res, next));
    };
  };
}

function keyOf(req: Request, tier: Tier): string {
  const { issuer, subject } = callerOf(req);
  return limitKey('caller', tier.name, issuer, subject);
}

function storeOf(tier: Tier, allowance: Allowance, metrics: Metrics): Store {
  return {
    async increment(key) {
      const { allowed, used, resetMs, counted } = await allowance.take(key, costs.getStore() ?? 1, tier);
      metrics.rateLimit(tier.name, allowed ? (counted ? 'allowed' : 'uncounted') : 'limited');
      const resetTime = new Date(Date.now() + resetMs);
      return { totalHits: allowed ? Math.min(Math.max(used, 1), tier.limit) : tier.limit + 1, resetTime };
    },
    // Asked for by options that are not in use: what was counted is never taken back.
    decrement: () => {},
    resetKey: () => {},
  };
}
