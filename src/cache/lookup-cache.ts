import { createHmac } from 'node:crypto';
import type { Lookups } from '../contact/lookups.ts';
import { AppError } from '../errors.ts';
import { coalesce } from '../lib/coalesce.ts';
import { isJsonObject, type Json, type JsonObject } from '../lib/json.ts';
import type { ValueCache } from './value-cache.ts';

export interface LookupCacheOptions {
  readonly values: ValueCache;
  /** Milliseconds for which a found contact is kept. */
  readonly ttlMs: number;
  /** Milliseconds for which the fact is kept that there is none. */
  readonly negativeTtlMs: number;
  /**
   * Returns a secret of the organization that all processes share. The values are kept as a keyed hash alone.
   *
   * @throws AppError `ORG_NOT_CONFIGURED` if the organization does not have one.
   */
  readonly secretOf: (org: string) => string;
  readonly randomId: () => string;
  /** Milliseconds since the epoch. It decides how long a response takes, and nothing else. */
  readonly now: () => number;
}

interface Stored extends JsonObject {
  readonly id: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The generation of the organization's lookups when the fetch began. */
  readonly generation: string;
}

/** Milliseconds for which the generation of an organization's lookups is kept longer than any lookup. */
const GENERATION_EXTRA_MS = 3_600_000;
const RECORD_ATTEMPTS = 3;

/** Creates the cache of lookups. */
export function lookupCache(options: LookupCacheOptions): Lookups {
  const { values, ttlMs, negativeTtlMs, secretOf, randomId, now } = options;
  const generationMs = Math.max(ttlMs, negativeTtlMs) + GENERATION_EXTRA_MS;
  const fetchOnce = coalesce<string | null>();

  async function fetchAndStore(key: string, generation: string, fetchId: () => Promise<string | null>) {
    const id = await fetchId();
    await values.set(key, { id, at: now(), generation }, id === null ? negativeTtlMs : ttlMs);
    return id;
  }

  return {
    async find({ org, kind, value, fresh = false }, fetchId) {
      const hashed = keyedHash(secretOf(org), kind, value).toString('base64url');
      const key = `zbff:lookup:{${org}}:${hashed}`;
      const [stored, found] = await Promise.all([
        fresh ? undefined : values.get(key),
        values.get(generationKey(org)),
      ]);
      const generation = typeof found === 'string' ? found : '';
      if (isStored(stored) && (stored.id !== null || stored.generation === generation))
        return {
          id: stored.id,
          isBeforeChange: stored.generation !== generation,
          isPastNegativeTtl: now() - stored.at > negativeTtlMs,
        };
      const id = await fetchOnce(`${key} ${generation} ${fresh}`, () =>
        fetchAndStore(key, generation, fetchId),
      );
      return { id, isBeforeChange: false, isPastNegativeTtl: false };
    },
    decoyOf({ org, kind, value }) {
      const digits = keyedHash(secretOf(org), `decoy ${kind}`, value).toString('hex');
      return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
    },
    async recordChange(org) {
      for (let attempt = 0; attempt < RECORD_ATTEMPTS; attempt += 1)
        if (await values.set(generationKey(org), randomId(), generationMs)) return;
      throw new AppError('CACHE_UNAVAILABLE', { retryAfterS: 1 });
    },
  };
}

function isStored(value: Json | undefined): value is Stored {
  if (!isJsonObject(value)) return false;
  const { id, at, generation } = value;
  return (id === null || typeof id === 'string') && typeof at === 'number' && typeof generation === 'string';
}

/** Returns the key of the generation of an organization's lookups, which each change of a contact replaces. */
function generationKey(org: string): string {
  return `zbff:lookups:{${org}}`;
}

function keyedHash(secret: string, kind: string, value: string): Buffer {
  return createHmac('sha256', secret).update(`zyntro-bff lookup\n${kind}\n${value}`).digest();
}
