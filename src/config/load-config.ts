import type { Part } from '../contact/parts.ts';
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
 * Environment and `config/` as one frozen value, sliced by the step that takes it.
 *
 * @throws ConfigError that lists every fault by name.
 */
export function loadConfig(env: Environment) {
  const faults = new ConfigIssues();
  const values = readEnvironment(env, faults);
  const files = readSettingsFiles(faults);
  const issuers = buildIssuers(values, faults);
  const credentials = buildCredentials(values, faults);
  const redis = buildRedis(values, faults);
  const proxy = buildProxy(values, faults);
  const encryptionKeys = buildEncryptionKeys(values.CACHE_ENCRYPTION_KEYS, faults);
  const tiers = buildTiers(files.rateLimits?.tiers, values.RATE_LIMIT_TIERS, faults);
  checkTogether(values, faults);
  faults.throwIfAny();
  // Whatever is missing has left a fault, so from here on everything is there.
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

/** Several processes share what is in Redis alone, and each needs a part of the upstream's budget. */
function checkProcesses(values: Partial<Values>, faults: ConfigIssues): void {
  const { WEB_CONCURRENCY: processes = 1, UPSTREAM_MAX_CONCURRENCY, UPSTREAM_MAX_RPS } = values;
  if (processes === 1) return;
  if (values.REDIS_URL === undefined && values.REDIS_NODES === undefined)
    faults.add(
      'WEB_CONCURRENCY',
      'above 1 needs Redis, which processes share limits and cache by: set REDIS_URL',
    );
  for (const [name, budget] of Object.entries({ UPSTREAM_MAX_CONCURRENCY, UPSTREAM_MAX_RPS }))
    if (budget !== undefined && budget < processes)
      faults.add('WEB_CONCURRENCY', `must not be more than ${name}, of which each process gets a part`);
}

const WILDCARDS: readonly (string | undefined)[] = [undefined, '0.0.0.0', '::'];

/** Two addresses of this machine can share a port number; an address and a wildcard cannot. */
function checkPorts({ HOST, PORT, ADMIN_HOST, ADMIN_PORT }: Partial<Values>, faults: ConfigIssues): void {
  if (PORT === undefined || PORT === 0 || PORT !== ADMIN_PORT) return;
  if (HOST === ADMIN_HOST || WILDCARDS.includes(HOST) || WILDCARDS.includes(ADMIN_HOST))
    faults.add('ADMIN_PORT', 'is equal to PORT: set another port');
}

/** What one variable cannot tell by itself. */
function checkTogether(values: Partial<Values>, faults: ConfigIssues): void {
  const development = values.NODE_ENV === 'development';
  const upstreamIsLocal = values.ZYNTRO_BASE_URL && isLoopbackHost(values.ZYNTRO_BASE_URL.hostname);
  if (values.JWT_SECRET === DEMO_JWT_SECRET && !(development && upstreamIsLocal)) {
    faults.add(
      'JWT_SECRET',
      'is the secret of the demo, which everybody knows; make one with: openssl rand -base64 48',
    );
  }
  if (
    values.ADMIN_HOST !== undefined &&
    !isLoopbackHost(values.ADMIN_HOST) &&
    values.ADMIN_TOKEN === undefined
  ) {
    faults.addMissing('ADMIN_TOKEN', 'is required where ADMIN_HOST is not a loopback address');
  }
  checkProcesses(values, faults);
  checkSourceFamily(values, faults);
  checkPorts(values, faults);
}
