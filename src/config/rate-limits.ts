import { isIP } from 'node:net';
import { z } from 'zod';
import type { ConfigIssues } from './config-issues.ts';

export const WINDOW = z.strictObject({
  limit: z.int().min(1).max(1_000_000_000),
  windowS: z.int().min(1).max(86_400),
});
type Window = z.output<typeof WINDOW>;

/** The tier of callers whose token does not name a known tier. */
const DEFAULT_TIER = 'default';

export const TIERS = z.record(
  z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'must be up to 64 of A-Z a-z 0-9 . _ -' }),
  WINDOW,
);

/** Returns the tiers of `config/rate-limits.json`, overridden by those of `RATE_LIMIT_TIERS`. */
export function buildTiers(
  configured: Readonly<Record<string, Window>> | undefined,
  text: string | undefined,
  issues: ConfigIssues,
): ReadonlyMap<string, ReturnType<typeof tierOf>> {
  const tiers = { ...configured, ...parseTiers(text, issues) };
  if (configured && !tiers[DEFAULT_TIER]) {
    issues.add('config/rate-limits.json', `tiers.${DEFAULT_TIER}: is required`);
  }
  return new Map(Object.entries(tiers).map(([name, window]) => [name, tierOf(name, window)]));
}

export function tierOf(name: string, { limit, windowS }: Window) {
  return { name, limit, windowMs: windowS * 1000 };
}

function parseTiers(text: string | undefined, issues: ConfigIssues): Record<string, Window> | undefined {
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return issues.add('RATE_LIMIT_TIERS', 'is not JSON');
  }
  const result = TIERS.safeParse(json);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    issues.add('RATE_LIMIT_TIERS', `${path.join('.').trim() || 'a tier without a name'}: ${message}`);
  }
  return undefined;
}

/** Address ranges that Express knows by name. */
const RANGES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);
const MAX_HOPS = 16;

/** Parses Express's `trust proxy`: a number of hops, or addresses and ranges. `true` is not supported. */
export function parseTrustProxy(text: string): number | readonly string[] | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text) <= MAX_HOPS ? Number(text) : undefined;
  const items = text.split(',').map((item) => item.trim());
  return items.every((item) => RANGES.has(item) || isRange(item)) ? items : undefined;
}

function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  // proxy-addr accepts neither a zone nor a prefix length of 0.
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128);
}
