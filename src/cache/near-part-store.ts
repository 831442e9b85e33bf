import type { Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { ignoreUnavailable } from '../redis/redis-unavailable.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { NOTHING } from './contact-entries.ts';
import { LruTable } from './lru-table.ts';
import { InvalidationLog } from './invalidation-log.ts';
import { areShown, notBehind } from './merge-entries.ts';
import { floorTable, hasAll, requested, type Confirmation, type RequestStart } from './near-entries.ts';
import type { Change, Entries, FetchLease, PartStore, Snapshot } from './part-store.ts';
import type { RedisInvalidations } from './redis-invalidations.ts';
import type { RedisPartStore } from './redis-part-store.ts';
import { withContact } from './with-contact.ts';

export interface NearPartStoreOptions {
  readonly remote: RedisPartStore;
  readonly invalidations: Omit<RedisInvalidations, 'processId' | 'others'>;
  /** Maximum bytes of the near cache; 0 turns it off. */
  readonly maxBytes: number;
  /** Milliseconds for which an expired entry stays a floor; more than any call takes. */
  readonly floorMs: number;
  /** Milliseconds for which this process serves an entry, or joins a call, that Redis has not confirmed since. */
  readonly ttlMs: number;
  /** Milliseconds of a monotonic clock: a clock that goes back would make an old entry look confirmed. */
  readonly now: () => number;
  /** Returns a random text that does not repeat. */
  readonly randomId: () => string;
  readonly metrics: Pick<Metrics, 'nearRead' | 'gauge'>;
}

export interface NearEntries {
  /** Returns the birth of the contact's oldest entry, of any member, that can be served without Redis. */
  oldestBirth(org: string, contact: string): number | undefined;
}

/** The minimum time for which a claim's reply is current, if `ttlMs` is shorter than a round trip. */
const CLAIM_CURRENT_MS = 100;

/** Returns the milliseconds after which no request is served what Redis has not confirmed since. */
export const servedForMs = (ttlMs: number): number => Math.max(ttlMs, CLAIM_CURRENT_MS);

/**
 * Creates a near cache in front of Redis, which also replaces Redis while it is unreachable. It serves an entry
 * only if Redis confirmed the generation within `ttlMs`, or the entry was born within `ttlMs`, and no
 * invalidation of the contact and no gap in the subscription came since.
 */
export function nearPartStore(options: NearPartStoreOptions): PartStore & NearEntries {
  const { remote, invalidations, maxBytes, floorMs, ttlMs, now, randomId } = options;
  const isOff = maxBytes === 0;
  const table = isOff ? floorTable(now) : new LruTable({ maxBytes, floorMs, now });
  const received = new InvalidationLog();
  /** The contacts for which this process has fetched parts, in the same data structure. */
  const fetched = new InvalidationLog();
  options.metrics.gauge('near_cache_bytes', 'Bytes in the near cache, overhead included', () => table.bytes);
  let localGeneration = randomId();
  let localNumber = 0;
  let gapAt = -Infinity;

  function forget(org: string, contact: string): void {
    localGeneration = randomId();
    received.record(org, contact);
    table.unconfirm(org, contact);
  }
  invalidations.onInvalidation(forget);
  // A gap counts as an invalidation of any contact. The entries stay, as a floor. Before the first subscription
  // this process has acknowledged nothing, so that is not a gap.
  let isSubscribed = false;
  invalidations.onGap(() => {
    if (!isSubscribed) {
      isSubscribed = true;
      return;
    }
    localGeneration = randomId();
    received.recordAll();
    gapAt = now();
  });

  /** Returns the time after which Redis must have confirmed an entry that is served without it. */
  const servedAfter = () => Math.max(now() - ttlMs, gapAt);

  /** Returns the state of this process when a request to Redis begins. */
  const requestStart = (): RequestStart => ({
    confirmedAt: now(),
    version: received.version,
    fetchedVersion: fetched.version,
  });

  /** Returns the entries that can be served without Redis. */
  function readNear(ref: ContactRef, parts: readonly Part[]): Snapshot {
    return isOff ? NOTHING : table.read(ref, parts, servedAfter());
  }

  /** Returns the calls that are not claimed, and may be joined. */
  const local = () => ({ localGeneration, localBornAfter: now() - ttlMs });

  /** Stores changes that were valid at `confirmedAt`, unless an invalidation was received since `version`. */
  function storeNear(
    ref: ContactRef,
    generation: string,
    changes: readonly Change[],
    { confirmedAt, version }: Confirmation,
  ): void {
    if (isOff || received.invalidatedSince(version, ref.org, ref.contact)) return;
    const stamp = table.generationOf(ref.org, ref.contact);
    // Replies may arrive out of order; the stamp with the later confirmation stays while it serves entries.
    const keptAfter = Math.max(confirmedAt, servedAfter());
    if (stamp && stamp.generation !== generation && stamp.confirmedAt > keptAfter) return;
    const before = stamp?.generation === generation ? stamp.confirmedAt : -Infinity;
    table.confirm(ref, { generation, confirmedAt: Math.max(confirmedAt, before) });
    table.change(ref, generation, changes);
  }

  /**
   * Stores the result of a read, and removes the requested parts that Redis does not have. Returns the entries
   * that may be served: Redis may have lost a later call, whose result this process has shown.
   */
  function storeRead(
    ref: ContactRef,
    parts: readonly Part[],
    { generation, entries }: Snapshot,
    start: RequestStart,
  ): Entries {
    const floor = table.floor(ref);
    const isShown = areShown(entries, floor);
    const served = requested(isShown ? entries : notBehind(entries, floor), parts, generation);
    // Discards a reply if a newer response was stored here while the reply was in flight.
    if (!isOff && !fetched.invalidatedSince(start.fetchedVersion, ref.org, ref.contact)) {
      if (generation === undefined) table.unconfirm(ref.org, ref.contact);
      else {
        // Redis was asked for `contact` as well, because a not-found is stored under it.
        const read = entries.contact ? withContact(parts) : parts;
        const changes = read.map((part) => ({ part, entry: entries[part], retentionMs: Infinity }));
        storeNear(ref, generation, changes, start);
      }
    }
    if (!isShown) table.show(ref, served);
    return served;
  }

  /** Replaces entries behind which this process has shown a later call. */
  function latest(ref: ContactRef, entries: Entries): Entries {
    const floor = table.floor(ref);
    if (areShown(entries, floor)) return entries;
    const shown = notBehind(entries, floor);
    table.show(ref, shown);
    return shown;
  }

  /** Serves no entries of a contact that has another generation in Redis. */
  function unconfirm({ org, contact }: ContactRef, generation: string): void {
    if (table.generationOf(org, contact)?.generation === generation) table.unconfirm(org, contact);
  }

  /** Returns a lease of this process alone, while Redis is unreachable or the contact is closed. */
  function localLease(ref: ContactRef, parts: readonly Part[], isClosed: boolean): FetchLease {
    const generation = localGeneration;
    localNumber += 1;
    const { version } = received;
    return {
      generation,
      number: localNumber,
      entries: isClosed ? {} : readNear(ref, parts).entries,
      canStore: !isOff && !isClosed,
      heldByOthers: [],
      async store(changes) {
        // Redis has not confirmed this generation, so the birth of each entry bounds its use.
        if (!isClosed) storeNear(ref, generation, changes, { confirmedAt: -Infinity, version });
      },
      async fail() {},
    };
  }

  async function readRemote(ref: ContactRef, parts: readonly Part[]): Promise<Snapshot> {
    const start = requestStart();
    const snapshot = await remote.read(ref, parts).catch(ignoreUnavailable);
    if (!snapshot) return { ...readNear(ref, parts), ...local() };
    const entries = storeRead(ref, parts, snapshot, start);
    return { generation: snapshot.generation, entries, ...local() };
  }

  const claimPart: PartStore['claim'] = async (ref, read, fetch, waited) => {
    const start = requestStart();
    const { version, confirmedAt: claimedAt } = start;
    const reply = await remote.claim(ref, read, fetch, waited).then(
      (claim) => ({ claim }),
      (error: unknown) => ignoreUnavailable(error),
    );
    if (!reply?.claim) return localLease(ref, read, reply !== undefined);
    const { claim } = reply;
    const entries = storeRead(ref, read, claim, start);
    // A request that joined since may have begun after an invalidation, received or not.
    const isCurrent =
      now() - claimedAt < servedForMs(ttlMs) && !received.invalidatedSince(version, ref.org, ref.contact);
    return {
      ...claim,
      entries: isCurrent ? entries : {},
      canStore: true,
      async store(changes) {
        // Runs before the response is sent, so that a read right after it is a hit. Redis confirmed the
        // generation at the claim.
        if (changes.length > 0) fetched.record(ref.org, ref.contact);
        storeNear(ref, claim.generation, changes, start);
        const settledAt = now();
        const settled = await claim.settle(changes).catch(ignoreUnavailable);
        if (settled) storeNear(ref, claim.generation, [], { confirmedAt: settledAt, version });
        else if (settled === false) unconfirm(ref, claim.generation);
      },
      async fail(failure) {
        await claim.settle([], failure).catch(ignoreUnavailable);
      },
    };
  };

  return {
    read(ref, parts) {
      const near = readNear(ref, parts);
      const hit = near.entries.contact?.bytes === 'not-found' || hasAll(near, parts);
      options.metrics.nearRead(hit);
      return hit ? near : readRemote(ref, parts);
    },
    claim: claimPart,
    latest,
    oldestBirth: (org, contact) => (isOff ? undefined : table.oldestBirth(org, contact, servedAfter())),
    async invalidate(org, contact) {
      forget(org, contact);
      try {
        await invalidations.invalidate(org, contact);
      } finally {
        // Again, for entries read before Redis removed the generation that arrived after the first call.
        forget(org, contact);
      }
    },
    async fence(org, contact) {
      forget(org, contact);
      const fence = await invalidations.fence(org, contact);
      forget(org, contact);
      return {
        async open() {
          try {
            await fence.open();
          } finally {
            forget(org, contact);
          }
        },
        uncertain: () => fence.uncertain(),
      };
    },
    close: () => invalidations.close(),
  };
}
