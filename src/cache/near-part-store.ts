import { AppError } from '../errors.ts';
import type { Part } from '../contact/parts.ts';
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
  /** Bound on the near cache; 0 turns it off. */
  readonly maxBytes: number;
  /** Milliseconds for which an entry is served without asking Redis whether it still counts. */
  readonly ttlMs: number;
  /** Milliseconds of a clock that never goes back: one that does would make what is kept look confirmed. */
  readonly now: () => number;
  /** Told of an invalidation that a failover could undo. */
  readonly onUnsafeInvalidation: () => void;
  readonly metrics: Pick<Metrics, 'nearRead' | 'gauge'>;
}

/**
 * A near cache in front of Redis, and what stands in for Redis while it is out of reach. Of what is served from
 * here the generation was confirmed by Redis within `ttlMs`, or the whole fetched within it, and no invalidation
 * of it was heard of since.
 */
export function nearPartStore(options: NearPartStoreOptions): PartStore {
  const { remote, ttlMs, now } = options;
  const table = new LruTable(options);
  const heard = new InvalidationLog();
  /** The contacts of which this process has fetched parts, in the same form. */
  const fetched = new InvalidationLog();
  options.metrics.gauge('near_cache_bytes', 'Bytes in the near cache, overhead included', () => table.bytes);
  let localGeneration = newGeneration();

  function forget(org: string, contact: string): void {
    localGeneration = newGeneration();
    heard.record(org, contact);
    table.forget(org, contact);
  }
  remote.onInvalidation(forget);
  remote.onGap(() => table.clear());

  /** What can be served without asking anybody. */
  function recent(ref: ContactRef, parts: readonly Part[]): Snapshot {
    return table.read(ref, parts, now() - ttlMs);
  }

  /** Takes in what was true at `confirmedAt`, unless an invalidation has been heard of since. */
  function keep(
    ref: ContactRef,
    generation: string,
    changes: readonly Change[],
    confirmedAt: number,
    moment: number,
  ): void {
    if (options.maxBytes === 0 || heard.invalidatedSince(moment, ref.org, ref.contact)) return;
    const mark = table.generationOf(ref.org, ref.contact);
    // Replies may overtake each other; what is known of a later moment stays.
    if (mark && mark.generation !== generation && mark.confirmedAt > confirmedAt) return;
    table.confirm(ref, {
      generation,
      confirmedAt: Math.max(confirmedAt, mark?.generation === generation ? mark.confirmedAt : 0),
    });
    table.change(ref, generation, changes);
  }

  /**
   * Takes out the requested parts that Redis does not have. A reply that was under way when a newer response was
   * stored here is not kept.
   */
  function keepRead(
    ref: ContactRef,
    parts: readonly Part[],
    { generation, entries }: Snapshot,
    confirmedAt: number,
    moment: number,
    fetchMoment: number,
  ): void {
    if (options.maxBytes === 0 || fetched.invalidatedSince(fetchMoment, ref.org, ref.contact)) return;
    if (generation === undefined) return table.forget(ref.org, ref.contact);
    const changes = parts.map((part) => ({ part, entry: entries[part], retentionMs: Infinity }));
    keep(ref, generation, changes, confirmedAt, moment);
  }

  /** Drops a contact that Redis has under another generation by now. */
  function forgetGeneration({ org, contact }: ContactRef, generation: string): void {
    if (table.generationOf(org, contact)?.generation === generation) table.forget(org, contact);
  }

  function localLease(ref: ContactRef, parts: readonly Part[]): FetchLease {
    const generation = localGeneration;
    const claimedAt = now();
    const { version: moment } = heard;
    return {
      generation,
      entries: recent(ref, parts).entries,
      canStore: options.maxBytes > 0,
      heldByOthers: [],
      async store(changes) {
        keep(ref, generation, changes, claimedAt, moment);
      },
      async fail() {},
    };
  }

  async function readRemote(ref: ContactRef, parts: readonly Part[]): Promise<Snapshot> {
    const readAt = now();
    const { version: moment } = heard;
    const fetchMoment = fetched.version;
    const snapshot = await remote.read(ref, parts).catch(unlessUnavailable);
    if (snapshot) keepRead(ref, parts, snapshot, readAt, moment, fetchMoment);
    return { ...(snapshot ?? recent(ref, parts)), localGeneration: localGeneration };
  }

  const claimPart: PartStore['claim'] = async (ref, read, fetch, waited) => {
    const claimedAt = now();
    const { version: moment } = heard;
    const fetchMoment = fetched.version;
    const claim = await remote.claim(ref, read, fetch, waited).catch(unlessUnavailable);
    if (!claim) return localLease(ref, read);
    keepRead(ref, read, claim, claimedAt, moment, fetchMoment);
    // Who joined meanwhile may have come after the invalidation.
    const entries = heard.invalidatedSince(moment, ref.org, ref.contact) ? {} : claim.entries;
    return {
      ...claim,
      entries,
      canStore: true,
      async store(changes) {
        // Before the answer goes out, so that a read right after it hits. Redis confirmed the generation at the claim.
        if (changes.length > 0) fetched.record(ref.org, ref.contact);
        keep(ref, claim.generation, changes, claimedAt, moment);
        const settledAt = now();
        const settled = await claim.settle(changes).catch(unlessUnavailable);
        if (settled) keep(ref, claim.generation, [], settledAt, moment);
        else if (settled === false) forgetGeneration(ref, claim.generation);
      },
      async fail(failure) {
        await claim.settle([], failure).catch(unlessUnavailable);
      },
    };
  };

  return {
    read(ref, parts) {
      const near = recent(ref, parts);
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
        // Once more, for what was read before Redis did it and arrived after we did.
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
