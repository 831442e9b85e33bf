import { z } from 'zod';
import { hasRepeatedName } from '../../lib/json.ts';
import type { ConfigIssues } from '../config-issues.ts';
import { describeIssues, plainWords } from './plain-words.ts';

export const WINDOW = z.strictObject({
  limit: z.int().min(1).max(1_000_000_000),
  windowS: z.int().min(1).max(86_400),
});
export type Window = z.output<typeof WINDOW>;

/** Also the form of the fixed tier of an issuer. */
export const TIER_NAME = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'must be up to 64 of A-Z a-z 0-9 . _ -' });

/** The tier of callers whose token does not name a known tier. */
export const DEFAULT_TIER = 'default';

/** A tier, with a separate limit for writes if there is one. */
const TIER = WINDOW.extend({ writes: WINDOW.optional() });
export const TIERS = z.record(TIER_NAME, TIER);
type TierWindow = z.output<typeof TIER>;

export function tierOf(name: string, { limit, windowS }: Window) {
  return { name, limit, windowMs: windowS * 1000 };
}

/** Returns the tier of callers and, if configured, the one that counts their writes in addition. */
export function callerTierOf(name: string, { writes, ...window }: TierWindow) {
  return { ...tierOf(name, window), writes: writes && tierOf(writesOf(name), writes) };
}

function writesOf(name: string): string {
  return `${name}-writes`;
}

/** The name of the limit of failed authentication. */
export const FAILED_AUTHENTICATION = 'failed-authentication';

/** Reports tiers with the name of another limit: they would share its count and its metric. */
export function checkTierNames(
  tiers: Readonly<Record<string, TierWindow>>,
  setting: string,
  issues: ConfigIssues,
): void {
  for (const [name, { writes }] of Object.entries(tiers))
    if (writes && Object.hasOwn(tiers, writesOf(name)))
      issues.add(setting, `"${writesOf(name)}" is the name of the writes of "${name}": use another`);
  if (Object.hasOwn(tiers, FAILED_AUTHENTICATION))
    issues.add(
      setting,
      `"${FAILED_AUTHENTICATION}" is the name of the limit of failed authentication: use another`,
    );
}

/** Parses the value of `RATE_LIMIT_TIERS`. */
export function parseTiers(
  text: string | undefined,
  issues: ConfigIssues,
): Record<string, TierWindow> | undefined {
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return issues.add('RATE_LIMIT_TIERS', 'is not JSON');
  }
  if (hasRepeatedName(text))
    issues.add('RATE_LIMIT_TIERS', 'has a name twice, and only the last would count');
  const result = TIERS.safeParse(json, { error: plainWords });
  if (result.success) return result.data;
  for (const issue of describeIssues(result.error)) issues.add('RATE_LIMIT_TIERS', issue);
  return undefined;
}
