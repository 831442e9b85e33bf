import { SECRET_VARIABLES, VARIABLES, type VariableName } from './variables.ts';

/** The descriptions of the variables in the README's table. */
const PURPOSES: Readonly<Record<VariableName, string>> = {
  NODE_ENV: '`development` relaxes requirements of production: issuer and audience, no demo secret',
  LOG_LEVEL: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
  LOG_HASH_KEY: 'key for hashing subjects in the log; random per process if not set',
  HOST: 'bind address of the public port; all addresses if not set',
  PORT: 'public port',
  ADMIN_HOST: 'bind address of the admin port',
  ADMIN_PORT: 'admin port',
  ADMIN_TOKEN: 'bearer token of the admin port; required if `ADMIN_HOST` is not a loopback address',
  CORS_ORIGINS: 'origins whose pages may read responses, separated by commas',
  SHUTDOWN_GRACE_MS: 'time for requests in flight to finish after SIGTERM',
  WEB_CONCURRENCY: 'number of worker processes, at most one per core; more than 1 requires Redis',
  JWT_SECRET: 'HMAC secret of at least 32 bytes (HS256, HS384, HS512)',
  JWT_PUBLIC_KEY: 'public key in PEM (RS, PS and ES families)',
  JWT_JWKS_URI: 'URL of the issuer’s key set',
  JWT_ALGORITHMS: 'accepted algorithms, separated by commas; all of the key’s family if not set',
  JWT_ISSUER: 'required `iss` of tokens; must be set outside development',
  JWT_AUDIENCE: 'required `aud` of tokens; must be set outside development',
  JWT_CLOCK_TOLERANCE_S: 'allowed clock difference between issuer and proxy',
  JWT_CLAIM_ORG: 'claim with the organization’s UUID',
  JWT_CLAIM_MEMBER: 'claim with the member’s UUID',
  JWT_CLAIM_TIER: 'claim with the rate-limit tier',
  JWT_MAX_LIFETIME_S: 'maximum lifetime of tokens, from `iat` to `exp`; longer ones are rejected',
  JWT_ISSUERS: 'JSON, issuer to its keys, audience, algorithms, claims and tier: see “Authentication”',
  AUTH_COOKIE_NAME: 'name of a `__Host-` cookie that may carry the token instead of the header',
  ZYNTRO_BASE_URL: 'the upstream; https unless its host is a loopback address',
  ZYNTRO_API_KEY: 'the upstream’s API key',
  ZYNTRO_DEVELOPER_SECRET: 'the upstream’s developer secret',
  ZYNTRO_CREDENTIALS: 'JSON, organization id to `{ "apiKey", "developerSecret" }`, instead of the pair above',
  ZYNTRO_TIMEZONE: 'time zone of the upstream’s times',
  EGRESS_LOCAL_ADDRESS: 'source address of upstream calls, on this machine',
  EGRESS_PROXY_URL: 'HTTP CONNECT proxy that owns the fixed address',
  UPSTREAM_CONNECT_TIMEOUT_MS: 'time limit for connecting',
  UPSTREAM_TIMEOUT_MS: 'time limit of a whole call, including queueing and a retry',
  UPSTREAM_MAX_RESPONSE_BYTES: 'maximum size of a response; larger ones are rejected',
  UPSTREAM_MAX_CONCURRENCY: 'maximum number of concurrent calls',
  UPSTREAM_MAX_RPS: 'maximum number of calls per second; unlimited if not set',
  RATE_LIMIT_TIERS: 'JSON, tier to `{ "limit", "windowS" }`; overrides `config/rate-limits.json`',
  RATE_LIMIT_ON_STORE_FAILURE:
    'policy while Redis fails: `local` counts per process, `open` allows, `closed` responds 503',
  TRUST_PROXY:
    'number of proxies in front, or their addresses and ranges; their `X-Forwarded-For` is trusted',
  CACHE_TTL_CONTACT_S: 'time to live of `contact`; 0 never stores it',
  CACHE_TTL_NOTES_S: 'the same for `notes`',
  CACHE_TTL_ENTITY_S: 'the same for `entity`',
  CACHE_TTL_PROFILE_S: 'the same for `profile`',
  CACHE_TTL_SIGNALS_S: 'the same for `signals`',
  CACHE_TTL_NEGATIVE_S: 'time to live of the fact that a contact does not exist',
  CACHE_STALE_WHILE_REVALIDATE_S: 'time for which a stale part is served while it is refreshed',
  CACHE_STALE_IF_ERROR_S: 'time for which a stale part is served if the upstream fails',
  CLIENT_MAX_AGE_S: 'seconds for which clients may reuse a response; 0 makes them revalidate each time',
  CACHE_MEMORY_MAX_MB: 'maximum size of the memory store, which is used without Redis',
  CACHE_L1_MAX_MB: 'maximum size of the near cache in front of Redis; 0 turns it off',
  CACHE_L1_TTL_MS: 'time for which the near cache serves an entry without confirmation by Redis',
  CACHE_ENCRYPTION_KEYS: 'keys of 32 bytes in base64 or hex: the first encrypts, all decrypt',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'endpoint for traces, by OTLP over HTTP; no traces if not set',
  OTEL_SDK_DISABLED: '`true` turns tracing off',
  OTEL_TRACES_SAMPLER: 'sampler of traces, by its OpenTelemetry name',
  OTEL_TRACES_SAMPLER_ARG: 'sampled share for a ratio sampler, from 0 to 1',
  OTEL_BSP_SCHEDULE_DELAY: 'milliseconds between two exports',
  REDIS_URL: '`redis://` or `rediss://[user:password@]host[:port][/db]`',
  REDIS_MODE: '`standalone`, `cluster` or `sentinel`',
  REDIS_NODES: 'host:port of Cluster nodes or Sentinels, separated by commas',
  REDIS_SENTINEL_NAME: 'name of the master that the Sentinels watch',
  REDIS_USERNAME: 'ACL user if it is not in `REDIS_URL`',
  REDIS_PASSWORD: 'password if it is not in `REDIS_URL`',
  REDIS_SENTINEL_PASSWORD: 'password of the Sentinels',
  REDIS_TIMEOUT_MS: 'maximum time that a request waits for Redis before it continues without it',
};

/** Returns a Markdown table of all variables. */
export function variablesTable(): string {
  const rows = (Object.keys(VARIABLES) as VariableName[]).map((name) => {
    const secret = (SECRET_VARIABLES as readonly string[]).includes(name) ? ' or `…_FILE`' : '';
    return `| \`${name}\`${secret} | ${defaultOf(name)} | ${PURPOSES[name]} |`;
  });
  return ['| variable | default | description |', '|---|---|---|', ...rows].join('\n');
}

function defaultOf(name: VariableName): string {
  const { data } = VARIABLES[name].safeParse(undefined);
  if (data === undefined) return '';
  const text = data instanceof URL ? data.origin : data.toString();
  return text === '' ? 'none' : `\`${text}\``;
}
