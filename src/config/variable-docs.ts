import { SECRET_VARIABLES, VARIABLES, type VariableName } from './variables.ts';

/** The descriptions of the variables in the README's table. */
const PURPOSES: Readonly<Record<VariableName, string>> = {
  NODE_ENV: '`development` loosens what only production needs: issuer and audience, the demo’s secret',
  LOG_LEVEL: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
  LOG_HASH_KEY: 'key of the subjects’ hashes in the log; random for each process without it',
  HOST: 'address that the public port binds to; all without it',
  PORT: 'public port',
  ADMIN_HOST: 'address that the admin port binds to',
  ADMIN_PORT: 'admin port',
  ADMIN_TOKEN: 'bearer token of the admin port; required where `ADMIN_HOST` is no loopback address',
  CORS_ORIGINS: 'origins whose pages may read answers, separated by commas',
  SHUTDOWN_GRACE_MS: 'how long requests under way may take after SIGTERM',
  WEB_CONCURRENCY: 'processes that serve the ports, at most one a core; more than 1 needs Redis',
  JWT_SECRET: 'HMAC secret of at least 32 bytes (HS256, HS384, HS512)',
  JWT_PUBLIC_KEY: 'public key in PEM (RS, PS and ES families)',
  JWT_JWKS_URI: 'where the issuer publishes its keys',
  JWT_ALGORITHMS: 'algorithms that are taken, separated by commas; all of the key’s family without it',
  JWT_ISSUER: 'the `iss` that tokens must have; required outside development',
  JWT_AUDIENCE: 'the `aud` that tokens must name; required outside development',
  JWT_CLOCK_TOLERANCE_S: 'how far clocks may be apart',
  JWT_CLAIM_ORG: 'claim with the organization’s UUID',
  JWT_CLAIM_MEMBER: 'claim with the member’s UUID',
  JWT_CLAIM_TIER: 'claim with the rate-limit tier',
  JWT_MAX_LIFETIME_S: 'tokens that live longer from `iat` to `exp` are refused',
  JWT_ISSUERS: 'JSON, issuer to its keys, audience, algorithms, claims and tier: see “Authentication”',
  AUTH_COOKIE_NAME: 'a `__Host-` cookie that may hold the token instead of the header',
  ZYNTRO_BASE_URL: 'the upstream; https unless its host is a loopback address',
  ZYNTRO_API_KEY: 'the upstream’s API key',
  ZYNTRO_DEVELOPER_SECRET: 'the upstream’s developer secret',
  ZYNTRO_CREDENTIALS: 'JSON, organization id to `{ "apiKey", "developerSecret" }`, instead of the pair above',
  ZYNTRO_TIMEZONE: 'time zone of the upstream’s times',
  EGRESS_LOCAL_ADDRESS: 'address of this machine that calls leave from',
  EGRESS_PROXY_URL: 'HTTP CONNECT proxy that owns the fixed address',
  UPSTREAM_CONNECT_TIMEOUT_MS: 'time to connect',
  UPSTREAM_TIMEOUT_MS: 'time for a whole call, waiting for its turn and a retry included',
  UPSTREAM_MAX_RESPONSE_BYTES: 'longer answers are refused',
  UPSTREAM_MAX_CONCURRENCY: 'calls at a time',
  UPSTREAM_MAX_RPS: 'calls a second; no limit without it',
  RATE_LIMIT_TIERS: 'JSON, tier to `{ "limit", "windowS" }`, over those of `config/rate-limits.json`',
  RATE_LIMIT_ON_STORE_FAILURE:
    'while Redis fails: `local` counts in the process, `open` lets through, `closed` answers 503',
  TRUST_PROXY:
    'proxies in front: how many, or their addresses and ranges; whose `X-Forwarded-For` is believed',
  CACHE_TTL_CONTACT_S: 'time to live of `contact`; 0 never stores it',
  CACHE_TTL_NOTES_S: 'the same for `notes`',
  CACHE_TTL_ENTITY_S: 'the same for `entity`',
  CACHE_TTL_PROFILE_S: 'the same for `profile`',
  CACHE_TTL_SIGNALS_S: 'the same for `signals`',
  CACHE_TTL_NEGATIVE_S: 'how long it is remembered that a contact does not exist',
  CACHE_STALE_WHILE_REVALIDATE_S: 'how long a stale part is served while it is refreshed',
  CACHE_STALE_IF_ERROR_S: 'how long a stale part stands in for an upstream that fails',
  CLIENT_MAX_AGE_S: 'seconds that clients may keep a response; 0 makes them revalidate every use',
  CACHE_MEMORY_MAX_MB: 'bound of the embedded cache, where no Redis is configured',
  CACHE_L1_MAX_MB: 'bound of the near cache in front of Redis; 0 turns it off',
  CACHE_L1_TTL_MS: 'how long the near cache serves what Redis has not confirmed again',
  CACHE_ENCRYPTION_KEYS: 'keys of 32 bytes in base64 or hex: the first encrypts, all decrypt',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'where traces are sent by OTLP over HTTP; none without it',
  OTEL_SDK_DISABLED: '`true` turns tracing off',
  OTEL_TRACES_SAMPLER: 'which traces are kept, by OpenTelemetry’s names',
  OTEL_TRACES_SAMPLER_ARG: 'the share that a sampler by ratio keeps, from 0 to 1',
  OTEL_BSP_SCHEDULE_DELAY: 'milliseconds between two sendings',
  REDIS_URL: '`redis://` or `rediss://[user:password@]host[:port][/db]`',
  REDIS_MODE: '`standalone`, `cluster` or `sentinel`',
  REDIS_NODES: 'host:port of Cluster nodes or Sentinels, separated by commas',
  REDIS_SENTINEL_NAME: 'name of the master that the Sentinels watch',
  REDIS_USERNAME: 'ACL user, where it is not in `REDIS_URL`',
  REDIS_PASSWORD: 'password, where it is not in `REDIS_URL`',
  REDIS_SENTINEL_PASSWORD: 'password of the Sentinels',
  REDIS_TIMEOUT_MS: 'the most that a request waits for Redis before it goes on without it',
};

/** Returns a Markdown table of all variables. */
export function variablesTable(): string {
  const rows = (Object.keys(VARIABLES) as VariableName[]).map((name) => {
    const secret = (SECRET_VARIABLES as readonly string[]).includes(name) ? ' or `…_FILE`' : '';
    return `| \`${name}\`${secret} | ${defaultOf(name)} | ${PURPOSES[name]} |`;
  });
  return ['| variable | default | what for |', '|---|---|---|', ...rows].join('\n');
}

function defaultOf(name: VariableName): string {
  const { data } = VARIABLES[name].safeParse(undefined);
  if (data === undefined) return '';
  const text = data instanceof URL ? data.origin : data.toString();
  return text === '' ? 'none' : `\`${text}\``;
}
