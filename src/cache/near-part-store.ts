import { AppError } from '../errors.ts';
import type { Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { RedisUnavailable } from '../redis/guarded-redis.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { LruTable } from './lru-table.ts';
import { InvalidationLog } from './invalidation-log.ts';
import { newGeneration } from './memory-part-store.ts';
import type { Change, FetchLease, PartStore, Snapshot } from './part-store.ts';
import type { RedisPartStore } from './redis-part-store.ts';

export interface NearPartStoreOptions {
  readonly remote: RedisPartStore;
  /** Maximum bytes of the near cache; 0 turns it off. */
  readonly maxBytes: number;
  /** Milliseconds for which an entry is served before Redis has to confirm its generation again. */
  readonly ttlMs: number;
  /** Milliseconds of a monotonic clock: a clock that goes back would make an old entry look confirmed. */
  readonly now: () => number;
  /** Called when an invalidation could be lost in a failover. */
  readonly onUnsafeInvalidation: () => void;
  readonly metrics: Pick<Metrics, 'nearRead' | 'gauge'>;
}

/**
 * Creates a near cache in front of Redis, which also replaces Redis while it is unreachable. It serves an entry
 * only if Redis confirmed the generation within `ttlMs`, or the entry was fetched within `ttlMs`, and no
 * invalidation of the contact was received since.
 */
export function nearPartStore(options: NearPartStoreOptions): PartStore {
  const { remote, ttlMs, now } = options;
  const table = new LruTable(options);
  const invalidations = new InvalidationLog();
  /** The contacts for which this process has fetched parts, in the same data structure. */
  const fetched = new InvalidationLog();
  options.metrics.gauge('near_cache_bytes', 'Bytes in the near cache, overhead included', () => table.bytes);
  let localGeneration = newGeneration();

  function forget(org: string, contact: string): void {
    localGeneration = newGeneration();
    invalidations.record(org, contact);
    table.forget(org, contact);
  }
  remote.onInvalidation(forget);
  remote.onGap(() => table.clear());

  /** Returns the entries that can be served without Redis. */
  function readNear(ref: ContactRef, parts: readonly Part[]): Snapshot {
    return table.read(ref, parts, now() - ttlMs);
  }

  /** Stores changes that were valid at `confirmedAt`, unless an invalidation was received since `version`. */
  function storeNear(
    ref: ContactRef,
    generation: string,
    changes: readonly Change[],
    confirmedAt: number,
    version: number,
  ): void {
    if (options.maxBytes === 0 || invalidations.invalidatedSince(version, ref.org, ref.contact)) return;
    const stamp = table.generationOf(ref.org, ref.contact);
    // Replies may arrive out of order; the stamp with the later confirmation stays.
    if (stamp && stamp.generation !== generation && stamp.confirmedAt > confirmedAt) return;
    table.confirm(ref, {
      generation,
      confirmedAt: Math.max(confirmedAt, stamp?.generation === generation ? stamp.confirmedAt : 0),
    });
    table.change(ref, generation, changes);
  }

  /**
   * Stores the result of a read, and removes the requested parts that Redis does not have. Discards a reply if
   * a newer response was stored here while the reply was in flight.
   */
  function storeRead(
    ref: ContactRef,
    parts: readonly Part[],
    { generation, entries }: Snapshot,
    confirmedAt: number,
    version: number,
    fetchedVersion: number,
  ): void {
    if (options.maxBytes === 0 || fetched.invalidatedSince(fetchedVersion, ref.org, ref.contact)) return;
    if (generation === undefined) return table.forget(ref.org, ref.contact);
    const changes = parts.map((part) => ({ part, entry: entries[part], retentionMs: Infinity }));
    storeNear(ref, generation, changes, confirmedAt, version);
  }

  /** Drops a contact that has another generation in Redis. */
  function forgetGeneration({ org, contact }: ContactRef, generation: string): void {
    if (table.generationOf(org, contact)?.generation === generation) table.forget(org, contact);
  }

  function localLease(ref: ContactRef, parts: readonly Part[]): FetchLease {
    const generation = localGeneration;
    const claimedAt = now();
    const { version } = invalidations;
    return {
      generation,
      entries: readNear(ref, parts).entries,
      canStore: options.maxBytes > 0,
      heldByOthers: [],
      async store(changes) {
        storeNear(ref, generation, changes, claimedAt, version);
      },
      async fail() {},
    };
  }

  async function readRemote(ref: ContactRef, parts: readonly Part[]): Promise<Snapshot> {
    const readAt = now();
    const { version } = invalidations;
    const fetchedVersion = fetched.version;
    const snapshot = await remote.read(ref, parts).catch(unlessUnavailable);
    if (snapshot) storeRead(ref, parts, snapshot, readAt, version, fetchedVersion);
    return { ...(snapshot ?? readNear(ref, parts)), localGeneration };
  }

  const claimPart: PartStore['claim'] = async (ref, read, fetch, waited) => {
    const claimedAt = now();
    const { version } = invalidations;
    const fetchedVersion = fetched.version;
    const claim = await remote.claim(ref, read, fetch, waited).catch(unlessUnavailable);
    if (!claim) return localLease(ref, read);
    storeRead(ref, read, claim, claimedAt, version, fetchedVersion);
    // A request that joined since may have begun after the invalidation.
    const entries = invalidations.invalidatedSince(version, ref.org, ref.contact) ? {} : claim.entries;
    return {
      ...claim,
      entries,
      canStore: true,
      async store(changes) {
        // Runs before the response is sent, so that a read right after it is a hit. Redis confirmed the
        // generation at the claim.
        if (changes.length > 0) fetched.record(ref.org, ref.contact);
        storeNear(ref, claim.generation, changes, claimedAt, version);
        const settledAt = now();
        const settled = await claim.settle(changes).catch(unlessUnavailable);
        if (settled) storeNear(ref, claim.generation, [], settledAt, version);
        else if (settled === false) forgetGeneration(ref, claim.generation);
      },
      async fail(failure) {
        await claim.settle([], failure).catch(unlessUnavailable);
      },
    };
  };

  return {
    read(ref, parts) {
      const near = readNear(ref, parts);
      const hit = hasAll(near, parts);
      options.metrics.nearRead(hit);
      return hit ? near : readRemote(ref, parts);
    },
    claim: claimPart,
    forget,
    async invalidate(org, contact) {
      forget(org, contact);
      try {
        if (!(await remote.invalidate(org, contact))) options.onUnsafeInvalidation();
      } catch (cause) {
        throw new AppError('CACHE_UNAVAILABLE', { retryAfterS: 1, cause });
      } finally {
        // Again, for entries that were read before Redis removed the generation and arrived after the first
        // call.
        forget(org, contact);
      }
    },
  };
}

function hasAll({ entries }: Snapshot, parts: readonly Part[]): boolean {
  for (const part of parts) if (!entries[part]) return false;
  return true;
}

function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof RedisUnavailable)) throw error;
}
