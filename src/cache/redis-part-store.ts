import type { Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import type { GuardedRedis } from '../redis/guarded-redis.ts';
import { storedValues, type StoredValue } from '../redis/stored-value.ts';
import { completionMessage, FlightCompletions } from './flight-completions.ts';
import { newGeneration } from './memory-part-store.ts';
import {
  generationKey,
  INVALIDATIONS_CHANNEL,
  COMPLETIONS_CHANNEL,
  leaseKey,
  partKey,
  readKeys,
} from './part-key.ts';
import type { RemoteCall, Change, Entries, Entry, Snapshot } from './part-store.ts';
import { CLAIM, INVALIDATE, RENEW, SETTLE } from './redis-scripts.ts';
import type { EntryCodec, StoredEntry } from './stored-entry.ts';

export interface RedisPartStoreOptions {
  readonly redis: GuardedRedis;
  readonly codec: EntryCodec;
  /** Maximum retention of an entry, in milliseconds. */
  readonly longestMs: number;
  /** Milliseconds of the monotonic clock that the times of entries refer to. */
  readonly now: () => number;
  /** Called when an entry cannot be decoded; it is treated as a miss. */
  readonly onUndecodable: () => void;
}

export interface RemoteFetchLease extends Snapshot {
  readonly generation: string;
  readonly heldByOthers: readonly RemoteCall[];
  /**
   * Ends the claim.
   *
   * @returns whether the changes are valid, which they are not if the generation has changed.
   */
  settle(changes: readonly Change[], error?: unknown): Promise<boolean>;
}

/** A part store that may be unreachable: each operation may throw RedisUnavailable. */
export type RedisPartStore = ReturnType<typeof redisPartStore>;

/** Short, because this is how long waiters are delayed when a process dies. */
const LEASE_MS = 1000;
const RENEW_MS = 300;
/** The interval at which a waiter reads the store again, in case it missed a completion. */
const RECHECK_MS = 200;
const REPLICA_WAIT_MS = 250;

export function redisPartStore(options: RedisPartStoreOptions) {
  const { redis, codec, longestMs, now } = options;
  const claimScript = redis.script(CLAIM);
  const settleScript = redis.script(SETTLE);
  const renewScript = redis.script(RENEW);
  const invalidateScript = redis.durableScript(INVALIDATE, REPLICA_WAIT_MS);
  const completions = new FlightCompletions();
  redis.subscribe(COMPLETIONS_CHANNEL, (message) => completions.receive(message));
  redis.onDown(() => completions.wakeAll());

  function decode(
    ref: ContactRef,
    parts: readonly Part[],
    generation: string,
    values: readonly StoredValue[],
    readAt: number,
  ): Entries {
    const entries: Partial<Record<Part, Entry>> = {};
    parts.forEach((part, index) => {
      const { value, ttlMs } = values[index]!;
      if (!value) return;
      const stored = codec.decode(partKey(ref, part), value);
      if (!stored) options.onUndecodable();
      else if (stored.generation === generation) {
        const entry = entryOf(stored, ttlMs, readAt);
        if (entry) entries[part] = entry;
      }
    });
    return entries;
  }

  async function read(ref: ContactRef, parts: readonly Part[]): Promise<Snapshot> {
    const readAt = now();
    const [stamp, ...values] = await redis.read(readKeys(ref, parts));
    if (!stamp?.value) return { generation: undefined, entries: {} };
    const generation = stamp.value.toString('latin1');
    return { generation, entries: decode(ref, parts, generation, values, readAt) };
  }

  async function claim(
    ref: ContactRef,
    readParts: readonly Part[],
    fetchParts: readonly Part[],
    waited: readonly RemoteCall[] = [],
  ): Promise<RemoteFetchLease> {
    const owner = newGeneration();
    const claimedAt = now();
    const generationAt = generationKey(ref.org, ref.contact);
    const reply = (await claimScript(
      [
        generationAt,
        ...fetchParts.map((part) => leaseKey(ref, part)),
        ...readParts.map((part) => partKey(ref, part)),
      ],
      [newGeneration(), longestMs, owner, LEASE_MS, fetchParts.length, ...waitedTokens(fetchParts, waited)],
    )) as [Buffer, Buffer[], (Buffer | null)[], number[], number];
    const repliedAt = now();
    const generation = reply[0].toString('latin1');
    const holders = reply[1].map((holder) => tokenOf(holder.toString('latin1')));
    const token = `${generation}:${owner}`;
    const leases = fetchParts
      .filter((_part, index) => holders[index] === '')
      .map((part) => leaseKey(ref, part));
    const renewal = leases.length > 0 ? setInterval(renew, RENEW_MS).unref() : undefined;

    function renew(): void {
      // If the renewal fails, the lease expires and another process repeats the call: slower, but correct.
      renewScript(leases as [string], [token, LEASE_MS]).catch(() => {});
    }

    return {
      generation,
      entries: decode(ref, readParts, generation, storedValues(reply[2], reply[3]), claimedAt),
      heldByOthers: remoteCalls(fetchParts, holders),
      async settle(changes, error) {
        clearInterval(renewal);
        if (leases.length === 0 && changes.length === 0) return true;
        const settled = await settleScript(
          [generationAt, ...leases, ...changes.map(({ part }) => partKey(ref, part))],
          [
            generation,
            longestMs,
            token,
            COMPLETIONS_CHANNEL,
            completionMessage(token, error),
            leases.length,
            error === undefined ? 0 : LEASE_MS,
            reply[4],
            Math.floor(now() - repliedAt),
            ...changes.flatMap((change) => storedChange(ref, generation, change)),
          ],
        );
        return settled === 1;
      },
    };
  }

  function storedChange(
    ref: ContactRef,
    generation: string,
    { part, entry, retentionMs }: Change,
  ): [number, Buffer | string] {
    const px = Math.ceil(retentionMs);
    return entry && px > 0
      ? [px, codec.encode(partKey(ref, part), storedEntry(entry, generation, px, now()))]
      : [0, ''];
  }

  function remoteCalls(parts: readonly Part[], holders: readonly string[]): RemoteCall[] {
    const byToken = new Map<string, Part[]>();
    parts.forEach((part, index) => {
      const token = holders[index]!;
      if (token !== '') byToken.set(token, [...(byToken.get(token) ?? []), part]);
    });
    return [...byToken].map(([token, held]) => ({
      token,
      parts: held,
      completed: (signal) => completions.wait(token, RECHECK_MS, signal),
    }));
  }

  /**
   * Returns the token of a lease. If the message of a failed call replaces the token, delivers that message
   * first.
   */
  function tokenOf(holder: string): string {
    if (!holder.startsWith('=')) return holder;
    const message = holder.slice(1);
    completions.receive(message);
    return (JSON.parse(message) as { token: string }).token;
  }

  /**
   * Removes the contact's generation and publishes the invalidation.
   *
   * @returns whether the invalidation survives a failover.
   */
  function invalidate(org: string, contact: string): Promise<boolean> {
    return invalidateScript([generationKey(org, contact)], [INVALIDATIONS_CHANNEL, `${org}|${contact}`]);
  }

  /** @param forget called for every invalidation, this process's own included. */
  function onInvalidation(forget: (org: string, contact: string) => void): void {
    redis.subscribe(INVALIDATIONS_CHANNEL, (message) => {
      const [org = '', contact = ''] = message.split('|');
      forget(org, contact);
    });
  }

  /** @param clear called when invalidations may have been missed. */
  function onGap(clear: () => void): void {
    redis.onGap(clear);
  }

  return { read, claim, invalidate, onInvalidation, onGap };
}

function waitedTokens(parts: readonly Part[], waited: readonly RemoteCall[]): string[] {
  if (waited.length === 0) return [];
  return parts.map((part) => waited.find((call) => call.parts.includes(part))?.token ?? '');
}

function storedEntry(entry: Entry, generation: string, retentionMs: number, now: number): StoredEntry {
  const { bytes, contentHash, fetchedAt, staleAt } = entry;
  const ageMs = Math.max(0, Math.ceil(now - fetchedAt));
  const freshMs = Math.min(retentionMs, Math.max(0, Math.floor(staleAt - now)));
  return { generation, bytes, contentHash, ageMs, freshMs, retentionMs };
}

/**
 * Converts an entry's durations to this process's clock. The time to live that has elapsed in Redis is the time
 * since the entry was stored.
 *
 * @param ttlMs the remaining time to live.
 * @param readAt the time at which the read was sent, so that an error makes the entry older, not younger.
 * @returns undefined if the remaining time to live exceeds the original one, because the server's clock was set
 *   back and the age is unknown.
 */
function entryOf(stored: StoredEntry, ttlMs: number, readAt: number): Entry | undefined {
  const { bytes, contentHash, ageMs, freshMs, retentionMs } = stored;
  const storedAt = readAt - (retentionMs - ttlMs);
  if (ttlMs < 0 || storedAt > readAt) return undefined;
  return { bytes, contentHash, fetchedAt: storedAt - ageMs, staleAt: storedAt + freshMs };
}
