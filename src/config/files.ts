import { z } from 'zod';
import auth from '../../config/auth.json' with { type: 'json' };
import http from '../../config/http.json' with { type: 'json' };
import rateLimits from '../../config/rate-limits.json' with { type: 'json' };
import resilience from '../../config/resilience.json' with { type: 'json' };
import scopes from '../../config/scopes.json' with { type: 'json' };
import { INCLUDES } from '../contact/parts/index.ts';
import type { ConfigIssues } from './config-issues.ts';
import { TIERS, WINDOW } from './rate-limits.ts';

/** A scope token (RFC 6749 section 3.3): printable ASCII without space, quote and backslash. */
const scopeToken = z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/, { error: 'must be a scope token' });
const count = (max: number) => z.int().min(1).max(max);

const SCOPES = z.strictObject({
  read: scopeToken,
  bypassCache: scopeToken,
  includes: z.partialRecord(z.enum(INCLUDES), scopeToken),
});
const HTTP = z.strictObject({
  maxBatchSize: count(1000),
  batchParallelism: count(100),
  maxBodyBytes: count(1_048_576),
  compressFromBytes: count(1_048_576),
  headersTimeoutMs: count(120_000),
  requestTimeoutMs: count(300_000),
  keepAliveTimeoutMs: count(600_000),
  sendTimeoutMs: count(600_000),
  maxConnections: count(1_000_000),
  maxEventLoopLagMs: count(60_000),
});
const AUTH = z.strictObject({
  maxVerifiedTokens: z.int().min(0).max(10_000_000),
  maxRevocations: count(10_000_000),
  compareRevocationsMs: z.int().min(1000).max(3_600_000),
  jwks: z.strictObject({
    refreshMs: z.int().min(10_000).max(86_400_000),
    minDemandMs: z.int().min(1000).max(30_000),
    timeoutMs: count(30_000),
    maxBytes: count(16_777_216),
    maxKeys: count(1000),
  }),
});
const RATE_LIMITS = z.strictObject({ tiers: TIERS, failedAuthentication: WINDOW });
const ms = count(600_000);
const RESILIENCE = z.strictObject({
  maxQueue: count(100_000),
  retry: z.strictObject({
    maxDelayMs: ms,
    ratio: z.number().min(0).max(1),
    reserve: z.number().min(0).max(1000),
  }),
  breaker: z.strictObject({
    window: count(10_000),
    minFailures: count(10_000),
    timeoutWeight: count(1000),
    failureRate: z.number().gt(0).max(1),
    openMs: ms,
    maxOpenMs: ms,
  }),
  credentialHold: z.strictObject({ afterRefusals: count(10_000), holdMs: ms, maxHoldMs: ms }),
});
export type ScopeSettings = z.output<typeof SCOPES>;
export type HttpSettings = z.output<typeof HTTP>;

/** Reads and checks the settings that are not secret, one file per concern. */
export function readSettingsFiles(issues: ConfigIssues) {
  return {
    auth: check('config/auth.json', AUTH, auth, issues),
    http: check('config/http.json', HTTP, http, issues),
    rateLimits: check('config/rate-limits.json', RATE_LIMITS, rateLimits, issues),
    resilience: check('config/resilience.json', RESILIENCE, resilience, issues),
    scopes: check('config/scopes.json', SCOPES, scopes, issues),
  };
}

function check<T>(file: string, schema: z.ZodType<T>, content: unknown, issues: ConfigIssues): T | undefined {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  for (const issue of result.error.issues) issues.add(file, `${issue.path.join('.')}: ${issue.message}`);
  return undefined;
}
