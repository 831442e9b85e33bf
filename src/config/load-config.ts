import type { Part } from '../contact/parts/index.ts';
import { buildCredentials } from './credentials.ts';
import { buildEncryptionKeys } from './encryption-keys.ts';
import { buildProxy, checkSourceFamily } from './egress.ts';
import { readEnvironment, type Environment } from './environment.ts';
import { ConfigIssues } from './config-issues.ts';
import { readSettingsFiles } from './files.ts';
import { buildTiers, tierOf } from './rate-limits.ts';
import { isLoopbackHost } from './hosts.ts';
import { buildIssuers } from './issuers.ts';
import { buildRedis } from './redis.ts';
import { DEMO_JWT_SECRET } from './secret-strength.ts';
import { buildTracing } from './tracing.ts';
import type { Values } from './variables.ts';

export type Config = ReturnType<typeof loadConfig>;

const MIB = 1024 * 1024;

/**
 * Returns the environment and `config/` as one frozen object, grouped by component.
 *
 * @throws ConfigError with all issues, by variable or file name.
 */
export function loadConfig(env: Environment) {
  const issues = new ConfigIssues();
  const values = readEnvironment(env, issues);
  const files = readSettingsFiles(issues);
  const issuers = buildIssuers(values, issues);
  const credentials = buildCredentials(values, issues);
  const redis = buildRedis(values, issues);
  const proxy = buildProxy(values, issues);
  const encryptionKeys = buildEncryptionKeys(values.CACHE_ENCRYPTION_KEYS, issues);
  const tiers = buildTiers(files.rateLimits?.tiers, values.RATE_LIMIT_TIERS, issues);
  checkCombinations(values, issues);
  issues.throwIfAny();
  // A missing required value is an issue, so all required values exist from here on.
  const all = values as Values;
  return Object.freeze({
    development: all.NODE_ENV === 'development',
    log: { level: all.LOG_LEVEL, hashKey: all.LOG_HASH_KEY },
    http: {
      ...files.http!,
      host: all.HOST,
      port: all.PORT,
      corsOrigins: all.CORS_ORIGINS,
      clientMaxAgeS: all.CLIENT_MAX_AGE_S,
    },
    admin: { host: all.ADMIN_HOST, port: all.ADMIN_PORT, token: all.ADMIN_TOKEN },
    shutdownGraceMs: all.SHUTDOWN_GRACE_MS,
    processes: all.WEB_CONCURRENCY,
    tracing: buildTracing(all),
    scopes: files.scopes!,
    auth: {
      ...files.auth!,
      issuers,
      clockToleranceS: all.JWT_CLOCK_TOLERANCE_S,
      maxLifetimeS: all.JWT_MAX_LIFETIME_S,
      cookie:
        all.AUTH_COOKIE_NAME === undefined
          ? undefined
          : { name: all.AUTH_COOKIE_NAME, origins: all.CORS_ORIGINS },
    },
    trustProxy: all.TRUST_PROXY,
    limits: {
      tiers,
      failedAuthentication: tierOf('failed-authentication', files.rateLimits!.failedAuthentication),
      onFailure: all.RATE_LIMIT_ON_STORE_FAILURE,
    },
    cache: {
      ttlMs: {
        contact: all.CACHE_TTL_CONTACT_S * 1000,
        notes: all.CACHE_TTL_NOTES_S * 1000,
        entity: all.CACHE_TTL_ENTITY_S * 1000,
        profile: all.CACHE_TTL_PROFILE_S * 1000,
        signals: all.CACHE_TTL_SIGNALS_S * 1000,
      } satisfies Record<Part, number>,
      negativeTtlMs: all.CACHE_TTL_NEGATIVE_S * 1000,
      staleWhileRevalidateMs: all.CACHE_STALE_WHILE_REVALIDATE_S * 1000,
      staleIfErrorMs: all.CACHE_STALE_IF_ERROR_S * 1000,
    },
    redis,
    redisStore: {
      encryptionKeys,
      nearMaxBytes: all.CACHE_L1_MAX_MB * MIB,
      nearTtlMs: all.CACHE_L1_TTL_MS,
    },
    memoryStore: { maxBytes: all.CACHE_MEMORY_MAX_MB * MIB },
    shape: { timezone: all.ZYNTRO_TIMEZONE },
    upstream: {
      baseUrl: all.ZYNTRO_BASE_URL,
      credentials: credentials!,
      localAddress: all.EGRESS_LOCAL_ADDRESS,
      proxy,
      connectTimeoutMs: all.UPSTREAM_CONNECT_TIMEOUT_MS,
      maxResponseBytes: all.UPSTREAM_MAX_RESPONSE_BYTES,
    },
    resilience: {
      ...files.resilience!,
      timeoutMs: all.UPSTREAM_TIMEOUT_MS,
      maxConcurrency: Math.floor(all.UPSTREAM_MAX_CONCURRENCY / all.WEB_CONCURRENCY),
      maxPerSecond: all.UPSTREAM_MAX_RPS && Math.floor(all.UPSTREAM_MAX_RPS / all.WEB_CONCURRENCY),
    },
  });
}

/** Checks that several processes share state through Redis and that each gets a part of the budget. */
function checkProcesses(values: Partial<Values>, issues: ConfigIssues): void {
  const { WEB_CONCURRENCY: processes = 1, UPSTREAM_MAX_CONCURRENCY, UPSTREAM_MAX_RPS } = values;
  if (processes === 1) return;
  if (values.REDIS_URL === undefined && values.REDIS_NODES === undefined)
    issues.add('WEB_CONCURRENCY', 'above 1 requires Redis to share limits and cache: set REDIS_URL');
  for (const [name, budget] of Object.entries({ UPSTREAM_MAX_CONCURRENCY, UPSTREAM_MAX_RPS }))
    if (budget !== undefined && budget < processes)
      issues.add('WEB_CONCURRENCY', `must not be more than ${name}, because each process gets a part of it`);
}

const WILDCARDS: readonly (string | undefined)[] = [undefined, '0.0.0.0', '::'];

/** Checks that the two ports do not collide: equal ports need two different addresses, neither a wildcard. */
function checkPorts({ HOST, PORT, ADMIN_HOST, ADMIN_PORT }: Partial<Values>, issues: ConfigIssues): void {
  if (PORT === undefined || PORT === 0 || PORT !== ADMIN_PORT) return;
  if (HOST === ADMIN_HOST || WILDCARDS.includes(HOST) || WILDCARDS.includes(ADMIN_HOST))
    issues.add('ADMIN_PORT', 'is equal to PORT: set another port');
}

/** Runs the checks that involve several variables. */
function checkCombinations(values: Partial<Values>, issues: ConfigIssues): void {
  const development = values.NODE_ENV === 'development';
  const upstreamIsLocal = values.ZYNTRO_BASE_URL && isLoopbackHost(values.ZYNTRO_BASE_URL.hostname);
  if (values.JWT_SECRET === DEMO_JWT_SECRET && !(development && upstreamIsLocal)) {
    issues.add('JWT_SECRET', 'is the public secret of the demo; make one with: openssl rand -base64 48');
  }
  if (
    values.ADMIN_HOST !== undefined &&
    !isLoopbackHost(values.ADMIN_HOST) &&
    values.ADMIN_TOKEN === undefined
  ) {
    issues.addMissing('ADMIN_TOKEN', 'is required if ADMIN_HOST is not a loopback address');
  }
  checkProcesses(values, issues);
  checkSourceFamily(values, issues);
  checkPorts(values, issues);
}
