import { z } from 'zod';
import { hasRepeatedName } from '../../lib/json.ts';
import { parseUuid } from '../../lib/uuid.ts';
import type { CredentialSettings, UpstreamCredentials } from '../../upstream/credentials.ts';
import type { ConfigIssues } from '../config-issues.ts';
import { plainWords } from './plain-words.ts';
import { isExample } from './secret-strength.ts';
import { textIn } from './text.ts';

const credential = textIn('word').refine((value) => !isExample(value), {
  error: 'is an example or a placeholder: set the value that was issued',
});
const PAIR = z.strictObject({ apiKey: credential, developerSecret: credential });

interface CredentialInput {
  readonly apiKey: string | undefined;
  readonly developerSecret: string | undefined;
  /** JSON, organization id to a pair. */
  readonly byOrg: string | undefined;
}

/** Returns one pair for all organizations, or a pair for each; undefined if there is an issue. */
export function buildCredentials(
  { apiKey, developerSecret, byOrg }: CredentialInput,
  issues: ConfigIssues,
): CredentialSettings | undefined {
  if (byOrg !== undefined) {
    if (apiKey !== undefined || developerSecret !== undefined) {
      issues.add(
        'ZYNTRO_CREDENTIALS',
        'is set, and so is ZYNTRO_API_KEY or ZYNTRO_DEVELOPER_SECRET: set one or the other',
      );
    }
    return parseMap(byOrg, issues);
  }
  if (issues.has('ZYNTRO_CREDENTIALS')) return undefined;
  if (apiKey === undefined) issues.addMissing('ZYNTRO_API_KEY', 'is required (or ZYNTRO_CREDENTIALS)');
  if (developerSecret === undefined)
    issues.addMissing('ZYNTRO_DEVELOPER_SECRET', 'is required (or ZYNTRO_CREDENTIALS)');
  if (apiKey === undefined || developerSecret === undefined) return undefined;
  return { kind: 'one', credentials: { apiKey, developerSecret } };
}

function reasonOf({ issues }: z.ZodError, entry: string): string {
  const refused = issues.find(({ code }) => code === 'custom');
  return refused
    ? `${refused.path.join('.')} of ${entry} ${refused.message}`
    : `${entry} must be { "apiKey": "…", "developerSecret": "…" }`;
}

function parseMap(text: string, issues: ConfigIssues): CredentialSettings | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return issues.add('ZYNTRO_CREDENTIALS', 'is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return issues.add(
      'ZYNTRO_CREDENTIALS',
      'must be an object from organization id to apiKey and developerSecret',
    );
  }
  if (hasRepeatedName(text))
    issues.add('ZYNTRO_CREDENTIALS', 'has a name twice, and only the last would count');
  const byOrg = new Map<string, UpstreamCredentials>();
  for (const [index, [name, value]] of Object.entries(parsed).entries()) {
    const org = parseUuid(name);
    const pair = PAIR.safeParse(value, { error: plainWords });
    // Numbers the entries instead of quoting names: if a pair is swapped, the name is a secret.
    const entry = `entry ${index + 1}`;
    if (!org) issues.add('ZYNTRO_CREDENTIALS', `the name of ${entry} is not a UUID`);
    else if (byOrg.has(org)) issues.add('ZYNTRO_CREDENTIALS', `the organization of ${entry} is listed twice`);
    else if (!pair.success) issues.add('ZYNTRO_CREDENTIALS', reasonOf(pair.error, entry));
    else byOrg.set(org, pair.data);
  }
  if (Object.keys(parsed).length === 0) issues.add('ZYNTRO_CREDENTIALS', 'does not contain an organization');
  return { kind: 'by-org', byOrg };
}
