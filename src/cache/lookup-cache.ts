import { createHmac } from 'node:crypto';
import type { ValueCache } from './value-cache.ts';

export interface LookupCacheOptions {
  readonly values: ValueCache;
  /** Milliseconds for which a found contact is kept. */
  readonly ttlMs: number;
  /** Milliseconds for which the fact is kept that there is none. */
  readonly negativeTtlMs: number;
  /** A secret of the organization that all processes share. The values are kept as a keyed hash alone. */
  readonly secretOf: (org: string) => string | undefined;
  readonly randomId: () => string;
  /** Milliseconds since the epoch. It decides how long a response takes, and nothing else. */
  readonly now: () => number;
}

export interface LookupQuery {
  readonly org: string;
  readonly kind: string;
  readonly value: string;
  /** Look again although the result is cached. */
  readonly fresh?: boolean;
}

export interface LookupResult {
  /** Null if there is none. */
  readonly id: string | null;
  /** Whether the fact that there is none would no longer be kept, since it is this old. */
  readonly isPastNegativeTtl: boolean;
}

/** The ids of contacts by their values, for each organization. */
export interface LookupCache {
  /** Finds the id of a contact. Concurrent requests share one `look`. */
  find(query: LookupQuery, look: () => Promise<string | null>): Promise<LookupResult>;
  /** Drops the organization's lookups without a match, because a contact was created or changed. */
  dropNegative(org: string): Promise<void>;
}

/** How long the mark of an organization's negative lookups is kept; longer than any of them. */
const MARK_MS = 86_400_000;

/** Creates the cache of lookups. */
export function lookupCache(options: LookupCacheOptions): LookupCache {
  const { values, ttlMs, negativeTtlMs, secretOf, randomId, now } = options;
  const inFlight = new Map<string, Promise<LookupResult>>();

  async function lookAndStore(
    key: string,
    mark: string,
    look: () => Promise<string | null>,
  ): Promise<LookupResult> {
    const id = await look();
    if (id === null) await values.set(key, `none:${mark}`, negativeTtlMs);
    else await values.set(key, `${id} ${now()}`, ttlMs);
    return { id, isPastNegativeTtl: false };
  }

  return {
    async find({ org, kind, value, fresh = false }, look) {
      const secret = secretOf(org);
      if (secret === undefined) return { id: await look(), isPastNegativeTtl: false };
      const key = `zbff:lookup:{${org}}:${keyedHash(secret, kind, value)}`;
      const [cached, mark = ''] = await Promise.all([
        fresh ? undefined : values.get(key),
        values.get(markKey(org)),
      ]);
      if (cached === `none:${mark}`) return { id: null, isPastNegativeTtl: false };
      const [id, storedAt] = cached?.startsWith('none:') ? [] : (cached?.split(' ') ?? []);
      if (id !== undefined) return { id, isPastNegativeTtl: now() - Number(storedAt) > negativeTtlMs };
      const flightKey = `${key} ${mark} ${fresh}`;
      const shared = inFlight.get(flightKey);
      if (shared) return shared;
      const flight = lookAndStore(key, mark, look).finally(() => inFlight.delete(flightKey));
      inFlight.set(flightKey, flight);
      return flight;
    },
    dropNegative: (org) => values.set(markKey(org), randomId(), MARK_MS),
  };
}

/** The key of the mark that an organization's negative lookups carry. */
function markKey(org: string): string {
  return `zbff:lookups:{${org}}`;
}

function keyedHash(secret: string, kind: string, value: string): string {
  return createHmac('sha256', secret).update(`zyntro-bff lookup\n${kind}\n${value}`).digest('base64url');
}
