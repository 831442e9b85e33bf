import { isIP, SocketAddress } from 'node:net';
import { z } from 'zod';
import { isPlainText } from '../lib/plain-text.ts';
import { parseTrustProxy } from './rate-limits.ts';
import { parseOrigin } from './hosts.ts';
import { isExample } from './secret-strength.ts';
import type { TextKind } from './text.ts';
import { baseUrl, jwksUrl, proxyUrl, redisUrl } from './urls.ts';

const WHOLE = /^\d{1,15}$/;

function whole(min: number, max: number) {
  return z
    .string()
    .refine((text) => WHOLE.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);
}

const text = z.string();
const EXAMPLE = 'is an example or a placeholder: set the value that was issued';

/** A credential that an external system issued. */
const credential = text.refine((value) => !isExample(value), { error: EXAMPLE });

/** A token that operators send in a header, after a space. */
const adminToken = credential.refine((value) => /^[\x21-\x7E]+$/.test(value), {
  error: 'must be printable ASCII without spaces, because it is sent in a header',
});

/** A value that is compared with a claim, so the same check applies to it. */
const claimValue = text.refine(isPlainText, {
  error: 'is longer than 256 characters, and tokens with such a value are rejected',
});

/** Returns the IPv4 address of an IPv4-mapped one (RFC 4291 section 2.5.5.2); other addresses unchanged. */
function unmapped(address: string): string {
  if (isIP(address) !== 6 || address.includes('%')) return address;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  return /^::ffff:([\d.]+)$/.exec(canonical)?.[1] ?? address;
}

const timezone = z.string().refine(
  (name) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: name }).format();
      return true;
    } catch {
      return false;
    }
  },
  { error: 'must be a time zone of the IANA database, such as Europe/Berlin' },
);

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const someOf = list.refine((items) => items.length > 0, {
  error: 'is an empty list: set a value, or remove the variable',
});

const origins = list
  .refine((items) => items.every((item) => parseOrigin(item) !== undefined), {
    error: 'must be origins such as https://app.example.com, separated by commas; * is not accepted',
  })
  .transform((items) => items.map((item) => parseOrigin(item)!));

const trustProxy = text
  .refine((value) => parseTrustProxy(value) !== undefined, {
    error:
      'must be the number of proxies in front (0 to 16), or their addresses and ranges separated by commas; true is not accepted, because clients could then forge their address',
  })
  .transform((value) => parseTrustProxy(value)!);

/** Browsers accept such a cookie only from this host, over TLS, for all paths (RFC 6265bis section 4.1.3.2). */
const COOKIE_NAME = /^__Host-[A-Za-z0-9._-]{1,64}$/;

/** All variables with check and default. If a variable is empty, it is treated as not set. */
export const VARIABLES = {
  NODE_ENV: text.default('production'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOG_HASH_KEY: credential.optional(),

  HOST: text.optional(),
  PORT: whole(0, 65_535).default(3000),
  ADMIN_HOST: text.default('127.0.0.1'),
  ADMIN_PORT: whole(0, 65_535).default(3001),
  ADMIN_TOKEN: adminToken.optional(),
  CORS_ORIGINS: origins.default([]),
  SHUTDOWN_GRACE_MS: whole(0, 600_000).default(10_000),
  WEB_CONCURRENCY: whole(1, 128).default(1),

  JWT_SECRET: text.optional(),
  JWT_PUBLIC_KEY: text.optional(),
  JWT_JWKS_URI: jwksUrl.optional(),
  JWT_ALGORITHMS: someOf.optional(),
  JWT_ISSUER: claimValue.optional(),
  JWT_AUDIENCE: text.optional(),
  JWT_CLOCK_TOLERANCE_S: whole(0, 300).default(5),
  JWT_CLAIM_ORG: text.default('org_id'),
  JWT_CLAIM_MEMBER: text.default('member_id'),
  JWT_CLAIM_TIER: text.default('rate_tier'),
  JWT_MAX_LIFETIME_S: whole(60, 315_360_000).optional(),
  JWT_ISSUERS: text.optional(),
  AUTH_COOKIE_NAME: text
    .refine((name) => COOKIE_NAME.test(name), {
      error: 'must begin with __Host-, followed by letters, digits, . _ or -',
    })
    .optional(),

  ZYNTRO_BASE_URL: baseUrl.default(new URL('https://app.zyntrohq.com')),
  ZYNTRO_API_KEY: credential.optional(),
  ZYNTRO_DEVELOPER_SECRET: credential.optional(),
  ZYNTRO_CREDENTIALS: text.optional(),
  ZYNTRO_TIMEZONE: timezone.default('UTC'),
  EGRESS_LOCAL_ADDRESS: text
    .refine((value) => isIP(value) !== 0, { error: 'must be an IP address of this machine' })
    .transform(unmapped)
    .optional(),
  EGRESS_PROXY_URL: proxyUrl.optional(),
  UPSTREAM_CONNECT_TIMEOUT_MS: whole(1, 60_000).default(1000),
  UPSTREAM_TIMEOUT_MS: whole(1, 120_000).default(5000),
  UPSTREAM_MAX_RESPONSE_BYTES: whole(1024, 268_435_456).default(2 * 1024 * 1024),
  UPSTREAM_MAX_CONCURRENCY: whole(1, 10_000).default(32),
  UPSTREAM_MAX_RPS: whole(1, 100_000).optional(),

  RATE_LIMIT_TIERS: text.optional(),
  RATE_LIMIT_ON_STORE_FAILURE: z
    .enum(['local', 'open', 'closed'], { error: 'must be local, open or closed' })
    .default('local'),
  TRUST_PROXY: trustProxy.default(0),

  CACHE_TTL_CONTACT_S: whole(0, 604_800).default(60),
  CACHE_TTL_NOTES_S: whole(0, 604_800).default(30),
  CACHE_TTL_ENTITY_S: whole(0, 604_800).default(300),
  CACHE_TTL_PROFILE_S: whole(0, 604_800).default(3600),
  CACHE_TTL_SIGNALS_S: whole(0, 604_800).default(30),
  CACHE_TTL_NEGATIVE_S: whole(0, 604_800).default(10),
  CACHE_STALE_WHILE_REVALIDATE_S: whole(0, 604_800).default(30),
  CACHE_STALE_IF_ERROR_S: whole(0, 604_800).default(3600),
  CLIENT_MAX_AGE_S: whole(0, 604_800).default(0),
  CACHE_MEMORY_MAX_MB: whole(1, 65_536).default(128),
  CACHE_L1_MAX_MB: whole(0, 65_536).default(64),
  CACHE_L1_TTL_MS: whole(0, 60_000).default(1000),
  CACHE_ENCRYPTION_KEYS: someOf.optional(),

  OTEL_EXPORTER_OTLP_ENDPOINT: text.optional(),
  OTEL_SDK_DISABLED: text.default('false'),
  OTEL_TRACES_SAMPLER: text.default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: text.default('1'),
  OTEL_BSP_SCHEDULE_DELAY: text.default('5000'),

  REDIS_URL: redisUrl.optional(),
  REDIS_MODE: z
    .enum(['standalone', 'cluster', 'sentinel'], { error: 'must be standalone, cluster or sentinel' })
    .default('standalone'),
  REDIS_NODES: someOf.optional(),
  REDIS_SENTINEL_NAME: text.optional(),
  REDIS_USERNAME: text.optional(),
  REDIS_PASSWORD: text.optional(),
  REDIS_SENTINEL_PASSWORD: text.optional(),
  REDIS_TIMEOUT_MS: whole(10, 10_000).default(80),
} as const;

export type VariableName = keyof typeof VARIABLES;
export type Values = { [Name in VariableName]: z.output<(typeof VARIABLES)[Name]> };

/** Values in which leading and trailing white space could be significant. */
const LITERAL: ReadonlySet<VariableName> = new Set([
  'JWT_SECRET',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
]);
/** JSON, PEM and lists, which may span several lines. */
const SEVERAL_LINES: ReadonlySet<VariableName> = new Set([
  'JWT_PUBLIC_KEY',
  'JWT_ISSUERS',
  'JWT_ALGORITHMS',
  'ZYNTRO_CREDENTIALS',
  'RATE_LIMIT_TIERS',
  'CORS_ORIGINS',
  'TRUST_PROXY',
  'REDIS_NODES',
  'CACHE_ENCRYPTION_KEYS',
]);

export function kindOf(name: VariableName): TextKind {
  if (LITERAL.has(name)) return 'literal';
  return SEVERAL_LINES.has(name) ? 'lines' : 'word';
}

/** Variables with a `<NAME>_FILE` alternative: the path of a file that holds the value. */
export const SECRET_VARIABLES = [
  'LOG_HASH_KEY',
  'ADMIN_TOKEN',
  'JWT_SECRET',
  'JWT_PUBLIC_KEY',
  'JWT_ISSUERS',
  'ZYNTRO_API_KEY',
  'ZYNTRO_DEVELOPER_SECRET',
  'ZYNTRO_CREDENTIALS',
  'EGRESS_PROXY_URL',
  'CACHE_ENCRYPTION_KEYS',
  'REDIS_URL',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
] as const satisfies readonly VariableName[];
