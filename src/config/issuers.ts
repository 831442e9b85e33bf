import { z } from 'zod';
import type { ClaimNames, IssuerSettings } from '../auth/trusted-issuers.ts';
import { isPlainText } from '../lib/plain-text.ts';
import { buildVerificationKeys, type AddKeyIssue } from './jwt-keys.ts';
import { DEMO_JWT_SECRET } from './secret-strength.ts';
import type { ConfigIssues } from './config-issues.ts';
import { readText, textIn } from './text.ts';
import { jwksUrl } from './urls.ts';
import type { Values } from './variables.ts';

const DEFAULT_SCOPE_CLAIMS = ['scope', 'scp', 'permissions'];
const VARIABLE_OF = {
  secret: 'JWT_SECRET',
  publicKey: 'JWT_PUBLIC_KEY',
  jwksUri: 'JWT_JWKS_URI',
  algorithms: 'JWT_ALGORITHMS',
} as const;
const KEY_VARIABLES = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URI', 'JWT_ISSUERS'];

const text = textIn('word');
const ENTRY = z
  .strictObject({
    secret: textIn('literal').optional(),
    publicKey: textIn('lines').optional(),
    jwksUri: jwksUrl.optional(),
    audience: text.optional(),
    algorithms: z.array(text).min(1).optional(),
    claims: z.strictObject({ org: text, member: text, tier: text, scope: text }).partial().default({}),
    tier: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'must be up to 64 of A-Z a-z 0-9 . _ -' })
      .optional(),
  })
  .refine((entry) => entry.secret ?? entry.publicKey ?? entry.jwksUri, {
    error: 'needs secret, publicKey or jwksUri',
  });
type Entry = z.output<typeof ENTRY>;

/** Returns the issuer of the `JWT_…` variables, if they are set, and those of `JWT_ISSUERS`. */
export function buildIssuers(values: Partial<Values>, issues: ConfigIssues): IssuerSettings[] {
  const single = buildSingle(values, issues);
  const listed = values.JWT_ISSUERS === undefined ? [] : parseIssuers(values.JWT_ISSUERS, values, issues);
  if (!single) {
    const unusable = KEY_VARIABLES.some((name) => issues.has(name));
    if (values.JWT_ISSUERS === undefined && !unusable) {
      issues.add('JWT_SECRET', 'or JWT_PUBLIC_KEY, JWT_JWKS_URI or JWT_ISSUERS is required to verify tokens');
    } else if (values.JWT_ALGORITHMS !== undefined && !unusable) {
      issues.add(
        'JWT_ALGORITHMS',
        'applies to JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URI; set algorithms in JWT_ISSUERS instead',
      );
    }
    return listed;
  }
  if (single.issuer !== undefined && listed.some(({ issuer }) => issuer === single.issuer)) {
    issues.add('JWT_ISSUERS', 'contains the issuer of JWT_ISSUER as well: configure it in one place');
  }
  return [single, ...listed];
}

function buildSingle(values: Partial<Values>, issues: ConfigIssues): IssuerSettings | undefined {
  const material = {
    secret: values.JWT_SECRET,
    publicKey: values.JWT_PUBLIC_KEY,
    jwksUri: values.JWT_JWKS_URI,
    algorithms: values.JWT_ALGORITHMS,
  };
  const absent = !(material.secret ?? material.publicKey ?? material.jwksUri);
  if (absent && values.JWT_ISSUERS !== undefined) return undefined;
  const keys = buildVerificationKeys(material, (name, message) => issues.add(VARIABLE_OF[name], message));
  const development = values.NODE_ENV === 'development';
  if (values.JWT_ISSUER === undefined && values.JWT_ISSUERS !== undefined) {
    issues.addMissing(
      'JWT_ISSUER',
      'is required together with JWT_ISSUERS: it names the issuer of the other JWT_ keys',
    );
  } else if (values.JWT_ISSUER === undefined && !development) {
    issues.addMissing('JWT_ISSUER', 'is required unless NODE_ENV is development');
  }
  if (values.JWT_AUDIENCE === undefined && !development) {
    issues.addMissing('JWT_AUDIENCE', 'is required unless NODE_ENV is development');
  }
  if (absent) return undefined;
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = values;
  return { ...keys, issuer, audience, claims: claimNames(values, {}), tier: undefined };
}

function parseIssuers(json: string, values: Partial<Values>, issues: ConfigIssues): IssuerSettings[] {
  const parsed = parseObject(json);
  if (!parsed || Object.keys(parsed).length === 0) {
    issues.add('JWT_ISSUERS', 'must be a JSON object from issuer to { "jwksUri": "…", "audience": "…" }');
    return [];
  }
  return Object.entries(parsed).flatMap(([issuer, value], index) => {
    // Numbers the entries instead of quoting names: if an entry is malformed, the name can be a secret.
    const addIssue = (message: string) => issues.add('JWT_ISSUERS', `entry ${index + 1}: ${message}`);
    if (!isPlainText(issuer) || !isUnchangedByReading(issuer))
      addIssue('its name cannot be the iss of a token');
    const entry = ENTRY.safeParse(value);
    if (entry.success) return [buildListed(issuer, entry.data, values, addIssue)];
    for (const { path, message, code } of entry.error.issues) {
      const text = code === 'unrecognized_keys' ? 'has an unknown member' : message;
      addIssue([...path, text].join(' '));
    }
    return [];
  });
}

/** Returns whether `readText` accepts a name unchanged. For example, it must not end with white space. */
function isUnchangedByReading(name: string): boolean {
  const read = readText(name, 'word');
  return 'text' in read && read.text === name;
}

function buildListed(
  issuer: string,
  entry: Entry,
  values: Partial<Values>,
  addIssue: (message: string) => undefined,
): IssuerSettings {
  const addKeyIssue: AddKeyIssue = (name, message) => addIssue(`${name} ${message}`);
  const { secret, publicKey, jwksUri, algorithms } = entry;
  if (secret === DEMO_JWT_SECRET) addIssue('secret is the public secret of the demo');
  const keys = buildVerificationKeys({ secret, publicKey, jwksUri, algorithms }, addKeyIssue);
  const audience = entry.audience ?? values.JWT_AUDIENCE;
  if (audience === undefined && values.NODE_ENV !== 'development') {
    addIssue('audience is required unless NODE_ENV is development (JWT_AUDIENCE is the default)');
  }
  return { ...keys, issuer, audience, claims: claimNames(values, entry.claims), tier: entry.tier };
}

function claimNames(values: Partial<Values>, own: Entry['claims']): ClaimNames {
  return {
    org: own.org ?? values.JWT_CLAIM_ORG ?? '',
    member: own.member ?? values.JWT_CLAIM_MEMBER ?? '',
    tier: own.tier ?? values.JWT_CLAIM_TIER ?? '',
    scopes: own.scope === undefined ? DEFAULT_SCOPE_CLAIMS : [own.scope],
  };
}

function parseObject(json: string): object | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
