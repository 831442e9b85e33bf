import { z } from 'zod';
import type { ClaimNames, IssuerSettings } from '../auth/trusted-issuers.ts';
import { isPlainText } from '../lib/plain-text.ts';
import { buildVerificationKeys, type AddKeyFault } from './jwt-keys.ts';
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

/** The issuer of the `JWT_…` variables, those of `JWT_ISSUERS`, or all of them. */
export function buildIssuers(values: Partial<Values>, faults: ConfigIssues): IssuerSettings[] {
  const single = buildSingle(values, faults);
  const listed = values.JWT_ISSUERS === undefined ? [] : parseIssuers(values.JWT_ISSUERS, values, faults);
  if (!single) {
    const unusable = KEY_VARIABLES.some((name) => faults.has(name));
    if (values.JWT_ISSUERS === undefined && !unusable) {
      faults.add(
        'JWT_SECRET',
        'or JWT_PUBLIC_KEY, JWT_JWKS_URI or JWT_ISSUERS is required: no token could be verified',
      );
    } else if (values.JWT_ALGORITHMS !== undefined && !unusable) {
      faults.add(
        'JWT_ALGORITHMS',
        'goes with JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URI; give JWT_ISSUERS its own',
      );
    }
    return listed;
  }
  if (single.issuer !== undefined && listed.some(({ issuer }) => issuer === single.issuer)) {
    faults.add('JWT_ISSUERS', 'names the issuer of JWT_ISSUER as well: describe it in one place');
  }
  return [single, ...listed];
}

function buildSingle(values: Partial<Values>, faults: ConfigIssues): IssuerSettings | undefined {
  const material = {
    secret: values.JWT_SECRET,
    publicKey: values.JWT_PUBLIC_KEY,
    jwksUri: values.JWT_JWKS_URI,
    algorithms: values.JWT_ALGORITHMS,
  };
  const absent = !(material.secret ?? material.publicKey ?? material.jwksUri);
  if (absent && values.JWT_ISSUERS !== undefined) return undefined;
  const keys = buildVerificationKeys(material, (name, what) => faults.add(VARIABLE_OF[name], what));
  const development = values.NODE_ENV === 'development';
  if (values.JWT_ISSUER === undefined && values.JWT_ISSUERS !== undefined) {
    faults.addMissing(
      'JWT_ISSUER',
      'is required beside JWT_ISSUERS: it says whose tokens the other JWT_ keys verify',
    );
  } else if (values.JWT_ISSUER === undefined && !development) {
    faults.addMissing('JWT_ISSUER', 'is required unless NODE_ENV is development');
  }
  if (values.JWT_AUDIENCE === undefined && !development) {
    faults.addMissing('JWT_AUDIENCE', 'is required unless NODE_ENV is development');
  }
  if (absent) return undefined;
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = values;
  return { ...keys, issuer, audience, claims: claimNames(values, {}), tier: undefined };
}

function parseIssuers(json: string, values: Partial<Values>, faults: ConfigIssues): IssuerSettings[] {
  const parsed = parseObject(json);
  if (!parsed || Object.keys(parsed).length === 0) {
    faults.add('JWT_ISSUERS', 'must be a JSON object from issuer to { "jwksUri": "…", "audience": "…" }');
    return [];
  }
  return Object.entries(parsed).flatMap(([issuer, value], index) => {
    // Entries are counted, not quoted: a secret in the wrong place would be shown.
    const fault = (what: string) => faults.add('JWT_ISSUERS', `entry ${index + 1}: ${what}`);
    if (!isPlainText(issuer) || !isAsRead(issuer)) fault('its name can be the iss of no token');
    const entry = ENTRY.safeParse(value);
    if (entry.success) return [buildListed(issuer, entry.data, values, fault)];
    for (const { path, message, code } of entry.error.issues) {
      const what = code === 'unrecognized_keys' ? 'has a member of an unknown name' : message;
      fault([...path, what].join(' '));
    }
    return [];
  });
}

/** Whether reading a name leaves it as it is: without white space at its ends, for example. */
function isAsRead(name: string): boolean {
  const read = readText(name, 'word');
  return 'text' in read && read.text === name;
}

function buildListed(
  issuer: string,
  entry: Entry,
  values: Partial<Values>,
  fault: (what: string) => undefined,
): IssuerSettings {
  const addFault: AddKeyFault = (name, what) => fault(`${name} ${what}`);
  const { secret, publicKey, jwksUri, algorithms } = entry;
  if (secret === DEMO_JWT_SECRET) fault('secret is that of the demo, which everybody knows');
  const keys = buildVerificationKeys({ secret, publicKey, jwksUri, algorithms }, addFault);
  const audience = entry.audience ?? values.JWT_AUDIENCE;
  if (audience === undefined && values.NODE_ENV !== 'development') {
    fault('audience is required unless NODE_ENV is development (JWT_AUDIENCE stands in for it)');
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
