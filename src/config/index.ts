import { authSlice } from './auth.ts';
import { cacheSlice } from './cache.ts';
import { ConfigIssues } from './config-issues.ts';
import { readVariables, type Environment } from './environment.ts';
import { processSlice } from './process.ts';
import { rateLimitSlice } from './rate-limit.ts';
import { redisSlice } from './redis.ts';
import { serverSlice } from './server.ts';
import { tracingSlice } from './tracing.ts';
import { upstreamSlice } from './upstream.ts';
import type { Slice } from './variable.ts';
import { writesSlice } from './writes.ts';

/** All groups of variables, in the order of the documentation. */
export const SLICES: readonly Slice[] = [
  processSlice,
  serverSlice,
  authSlice,
  upstreamSlice,
  rateLimitSlice,
  cacheSlice,
  writesSlice,
  redisSlice,
  tracingSlice,
];

/** All variables, by name. */
export const VARIABLES = {
  ...processSlice.variables,
  ...serverSlice.variables,
  ...authSlice.variables,
  ...upstreamSlice.variables,
  ...rateLimitSlice.variables,
  ...cacheSlice.variables,
  ...writesSlice.variables,
  ...redisSlice.variables,
  ...tracingSlice.variables,
};

export type Config = ReturnType<typeof loadConfig>;

/**
 * Returns the environment and `config/` as one frozen object, grouped by component.
 *
 * @param issues issues that are known already.
 * @throws ConfigError with all issues, by variable or file name.
 */
export function loadConfig(env: Environment, issues = new ConfigIssues()) {
  const values = readVariables(VARIABLES, env, issues);
  // Every slice is built before the first issue is thrown, so that an operator can fix all of them at once.
  const server = serverSlice.build(values, issues);
  const auth = authSlice.build(values, issues);
  const upstream = upstreamSlice.build(values, issues);
  const rateLimit = rateLimitSlice.build(values, issues);
  const cache = cacheSlice.build(values, issues);
  const redis = redisSlice.build(values, issues);
  return Object.freeze({
    ...processSlice.build(values),
    ...issues.resolve(server),
    ...issues.resolve(auth),
    ...issues.resolve(upstream),
    ...issues.resolve(rateLimit),
    ...cache,
    ...writesSlice.build(values),
    ...redis,
    ...tracingSlice.build(values),
  });
}
