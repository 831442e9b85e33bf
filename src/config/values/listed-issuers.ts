import { z } from 'zod';
import type { ClaimNames, IssuerSettings } from '../../auth/trusted-issuers.ts';
import { hasRepeatedName } from '../../lib/json.ts';
import { isPlainText } from '../../lib/plain-text.ts';
import type { ConfigIssues } from '../config-issues.ts';
import { buildVerificationKeys } from './jwt-keys.ts';
import { plainWords } from './plain-words.ts';
import { DEMO_JWT_SECRET } from './secret-strength.ts';
import { readText, textIn } from './text.ts';
import { TIER_NAME } from './tiers.ts';
import { jwksUrl } from './urls.ts';

const DEFAULT_SCOPE_CLAIMS = ['scope', 'scp', 'permissions'];

const text = textIn('word');
const ENTRY = z
  .strictObject({
    secret: textIn('literal').optional(),
    publicKey: textIn('lines').optional(),
    jwksUri: jwksUrl.optional(),
    audience: text.optional(),
    algorithms: z.array(text).min(1).optional(),
    claims: z.strictObject({ org: text, member: text, tier: text, scope: text }).partial().default({}),
    tier: TIER_NAME.optional(),
  })
  .refine((entry) => entry.secret ?? entry.publicKey ?? entry.jwksUri, {
    error: 'needs secret, publicKey or jwksUri',
  });
type Entry = z.output<typeof ENTRY>;

/** The settings of an issuer that does not set its own. */
export interface IssuerDefaults {
  readonly development: boolean;
  readonly audience: string | undefined;
  readonly claims: Omit<ClaimNames, 'scopes'>;
}

/** Parses the value of `JWT_ISSUERS`. */
export function parseIssuers(json: string, defaults: IssuerDefaults, issues: ConfigIssues): IssuerSettings[] {
  const parsed = parseObject(json);
  if (!parsed || Object.keys(parsed).length === 0) {
    issues.add('JWT_ISSUERS', 'must be a JSON object from issuer to { "jwksUri": "…", "audience": "…" }');
    return [];
  }
  if (hasRepeatedName(json)) issues.add('JWT_ISSUERS', 'has a name twice, and only the last would count');
  return Object.entries(parsed).flatMap(([issuer, value], index) => {
    // Numbers the entries instead of quoting names: if an entry is malformed, the name can be a secret.
    const addIssue: AddIssue = (member, message) =>
      issues.add('JWT_ISSUERS', `${member === '' ? '' : `${member} of `}entry ${index + 1} ${message}`);
    if (!isPlainText(issuer) || !isUnchangedByReading(issuer))
      addIssue('the name', 'cannot be the iss of a token');
    const entry = ENTRY.safeParse(value, { error: plainWords });
    if (entry.success) return [buildListed(issuer, entry.data, defaults, addIssue)];
    for (const { path, message } of entry.error.issues) addIssue(path.join('.'), message);
    return [];
  });
}

/** Adds an issue with a member of an entry, or with the entry itself if the name is empty. */
type AddIssue = (member: string, message: string) => undefined;

/** Returns whether `readText` accepts a name unchanged. For example, it must not end with white space. */
function isUnchangedByReading(name: string): boolean {
  const read = readText(name, 'word');
  return 'text' in read && read.text === name;
}

function buildListed(
  issuer: string,
  entry: Entry,
  defaults: IssuerDefaults,
  addIssue: AddIssue,
): IssuerSettings {
  const { secret, publicKey, jwksUri, algorithms } = entry;
  if (secret === DEMO_JWT_SECRET) addIssue('secret', 'is the public secret of the demo');
  const keys = buildVerificationKeys({ secret, publicKey, jwksUri, algorithms }, addIssue);
  const audience = entry.audience ?? defaults.audience;
  if (audience === undefined && !defaults.development) {
    addIssue('audience', 'is required unless NODE_ENV is development (JWT_AUDIENCE is the default)');
  }
  return { ...keys, issuer, audience, claims: claimNames(defaults.claims, entry.claims), tier: entry.tier };
}

/** Returns the names of the claims: those of the issuer itself, and otherwise the defaults. */
export function claimNames(defaults: IssuerDefaults['claims'], own: Entry['claims']): ClaimNames {
  return {
    org: own.org ?? defaults.org,
    member: own.member ?? defaults.member,
    tier: own.tier ?? defaults.tier,
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
