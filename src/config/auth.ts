import { z } from 'zod';
import auth from '../../config/auth.json' with { type: 'json' };
import scopes from '../../config/scopes.json' with { type: 'json' };
import { OPERATION_SCOPES } from '../contact/operation-scopes.ts';
import { INCLUDES } from '../contact/parts/index.ts';
import { isPlainText } from '../lib/plain-text.ts';
import type { ConfigIssues } from './config-issues.ts';
import { isDevelopment, type ProcessValues } from './process.ts';
import type { ServerValues } from './server.ts';
import { settingsFile } from './settings-file.ts';
import type { UpstreamValues } from './upstream.ts';
import { count, someOf, text, whole } from './values/checks.ts';
import { isLoopbackHost } from './values/hosts.ts';
import { buildIssuers } from './values/issuers.ts';
import { DEMO_JWT_SECRET } from './values/secret-strength.ts';
import { jwksUrl } from './values/urls.ts';
import { variable, type Values } from './variable.ts';

/** A value that is compared with a claim, so the same check applies to it. */
const claimValue = text.refine(isPlainText, {
  error: 'is longer than 256 characters, and tokens with such a value are rejected',
});

/** Browsers accept such a cookie only from this host, over TLS, for all paths (RFC 6265bis section 4.1.3.2). */
const cookieName = text.refine((name) => /^__Host-[A-Za-z0-9._-]{1,64}$/.test(name), {
  error: 'must begin with __Host-, followed by letters, digits, . _ or -',
});

/** A scope token (RFC 6749 section 3.3): printable ASCII without space, quote and backslash. */
const scopeToken = z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/, { error: 'must be a scope token' });

const variables = {
  JWT_SECRET: variable('HMAC secret of at least 32 bytes (HS256, HS384, HS512)', text, {
    kind: 'literal',
    secret: true,
    essential: true,
  }),
  JWT_PUBLIC_KEY: variable('public key in PEM (RS, PS and ES families)', text, {
    kind: 'lines',
    secret: true,
    essential: true,
  }),
  JWT_JWKS_URI: variable('URL of the issuer’s key set', jwksUrl, { essential: true }),
  JWT_ALGORITHMS: variable(
    'accepted algorithms, separated by commas; all of the key’s family if not set',
    someOf,
    { kind: 'lines' },
  ),
  JWT_ISSUER: variable('required `iss` of tokens; must be set outside development', claimValue, {
    essential: true,
  }),
  JWT_AUDIENCE: variable('required `aud` of tokens; must be set outside development', text, {
    essential: true,
  }),
  JWT_CLOCK_TOLERANCE_S: variable('allowed clock difference between issuer and proxy', whole(0, 300), {
    default: 5,
  }),
  JWT_CLAIM_ORG: variable('claim with the organization’s UUID', text, { default: 'org_id' }),
  JWT_CLAIM_MEMBER: variable('claim with the member’s UUID', text, { default: 'member_id' }),
  JWT_CLAIM_TIER: variable('claim with the rate-limit tier', text, { default: 'rate_tier' }),
  JWT_MAX_LIFETIME_S: variable(
    'maximum lifetime of tokens, from `iat` to `exp`; makes `iat` required',
    whole(60, 315_360_000),
  ),
  JWT_ISSUERS: variable('JSON, issuer to its keys, audience, algorithms, claims and tier', text, {
    kind: 'lines',
    secret: true,
  }),
  AUTH_COOKIE_NAME: variable(
    'name of a `__Host-` cookie that may carry the token instead of the header',
    cookieName,
  ),
};

type AuthValues = Values<typeof variables>;

const AUTH_FILE = settingsFile(
  'config/auth.json',
  'refresh of key sets, and how many verified tokens and revocations are remembered',
  z.strictObject({
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
  }),
  auth,
);

export const SCOPES_FILE = settingsFile(
  'config/scopes.json',
  'the scope of every request, of each include, and of bypassing the cache',
  z.strictObject({
    read: scopeToken,
    bypassCache: scopeToken,
    includes: z.partialRecord(z.enum(INCLUDES), scopeToken),
    operations: z.partialRecord(z.enum(OPERATION_SCOPES), scopeToken),
  }),
  scopes,
);

type Context = Pick<ProcessValues, 'NODE_ENV'> &
  Pick<ServerValues, 'CORS_ORIGINS'> &
  Pick<UpstreamValues, 'ZYNTRO_BASE_URL'>;

function build(values: AuthValues & Context, issues: ConfigIssues) {
  const development = isDevelopment(values);
  if (
    values.JWT_SECRET === DEMO_JWT_SECRET &&
    !(development && isLoopbackHost(values.ZYNTRO_BASE_URL.hostname))
  )
    issues.add('JWT_SECRET', 'is the public secret of the demo; make one with: openssl rand -base64 48');
  const issuers = buildIssuers(
    {
      development,
      single: {
        secret: values.JWT_SECRET,
        publicKey: values.JWT_PUBLIC_KEY,
        jwksUri: values.JWT_JWKS_URI,
        algorithms: values.JWT_ALGORITHMS,
        issuer: values.JWT_ISSUER,
      },
      listed: values.JWT_ISSUERS,
      audience: values.JWT_AUDIENCE,
      claims: { org: values.JWT_CLAIM_ORG, member: values.JWT_CLAIM_MEMBER, tier: values.JWT_CLAIM_TIER },
    },
    issues,
  );
  const cookieName = values.AUTH_COOKIE_NAME;
  const [file, scopes] = [AUTH_FILE.read(issues), SCOPES_FILE.read(issues)];
  return (
    file &&
    scopes && {
      scopes,
      auth: {
        ...file,
        issuers,
        clockToleranceS: values.JWT_CLOCK_TOLERANCE_S,
        maxLifetimeS: values.JWT_MAX_LIFETIME_S,
        cookie: cookieName === undefined ? undefined : { name: cookieName, origins: values.CORS_ORIGINS },
      },
    }
  );
}

export const authSlice = {
  title: 'Authentication',
  introduction:
    'The keys that verify tokens, and the claims and scopes in them. One of `JWT_SECRET`, `JWT_PUBLIC_KEY`, `JWT_JWKS_URI` and `JWT_ISSUERS` is required. [auth.md](auth.md) describes tokens, issuers and scopes.',
  prefixes: ['JWT_', 'AUTH_COOKIE_'],
  variables,
  files: [AUTH_FILE, SCOPES_FILE],
  build,
};
