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
}

export interface LookupQuery {
  readonly org: string;
  readonly kind: string;
  readonly value: string;
  /** Look again although the result is cached. */
  readonly fresh?: boolean;
}

/** The ids of contacts by their values, for each organization. */
export interface LookupCache {
  /** Returns the id of a contact, or null if there is none. Concurrent requests share one `look`. */
  find(query: LookupQuery, look: () => Promise<string | null>): Promise<string | null>;
  /** Drops the organization's lookups without a match, because a contact was created or changed. */
  dropNegative(org: string): Promise<void>;
}

/** How long the mark of an organization's negative lookups is kept; longer than any of them. */
const MARK_MS = 86_400_000;

/** Creates the cache of lookups. */
export function lookupCache(options: LookupCacheOptions): LookupCache {
  const { values, ttlMs, negativeTtlMs, secretOf, randomId } = options;
  const inFlight = new Map<string, Promise<string | null>>();

  async function lookAndStore(
    key: string,
    mark: string,
    look: () => Promise<string | null>,
  ): Promise<string | null> {
    const id = await look();
    if (id === null) await values.set(key, `none:${mark}`, negativeTtlMs);
    else await values.set(key, `id:${id}`, ttlMs);
    return id;
  }

  return {
    async find({ org, kind, value, fresh = false }, look) {
      const secret = secretOf(org);
      if (secret === undefined) return look();
      const key = `zbff:lookup:{${org}}:${keyedHash(secret, kind, value)}`;
      const [cached, mark = ''] = await Promise.all([
        fresh ? undefined : values.get(key),
        values.get(markKey(org)),
      ]);
      if (cached?.startsWith('id:')) return cached.slice(3);
      if (cached === `none:${mark}`) return null;
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
