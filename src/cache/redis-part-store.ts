import type { Part } from '../contact/parts/index.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import type { SetTimer } from '../lib/timers.ts';
import type { GuardedRedis } from '../redis/guarded-redis.ts';
import { storedValues, type StoredValue } from '../redis/stored-value.ts';
import { completionMessage, FlightCompletions } from './flight-completions.ts';
import { withContact } from './with-contact.ts';
import {
  callLeaseKey,
  COMPLETIONS_CHANNEL,
  fenceKey,
  generationKey,
  leaseKey,
  partKey,
  readKeys,
} from './part-key.ts';
import type { RemoteCall, Change, Entries, Entry, Snapshot } from './part-store.ts';
import { CLAIM, RENEW, SETTLE } from './redis-scripts.ts';
import type { EntryCodec, StoredEntry } from './stored-entry.ts';

export interface RedisPartStoreOptions {
  readonly redis: Pick<GuardedRedis, 'read' | 'script' | 'subscribe' | 'onDown'>;
  readonly codec: EntryCodec;
  /** Maximum retention of an entry, in milliseconds. */
  readonly longestMs: number;
  /** Milliseconds for which a lease is renewed; more than any call takes. */
  readonly renewForMs: number;
  /** Milliseconds of the monotonic clock that the times of entries refer to. */
  readonly now: () => number;
  readonly setTimer: SetTimer;
  /** Returns a random text that does not repeat: generations and tokens of leases. */
  readonly randomId: () => string;
  /** Called when an entry cannot be decoded; it is treated as a miss. */
  readonly onUndecodable: () => void;
}

export interface RemoteFetchLease extends Snapshot {
  readonly generation: string;
  readonly number: number;
  readonly heldByOthers: readonly RemoteCall[];
  /**
   * Ends the claim.
   *
   * @returns false if the generation has changed, so that the changes are void; undefined if Redis was not asked,
   *   because other processes hold all leases.
   */
  settle(changes: readonly Change[], error?: unknown): Promise<boolean | undefined>;
}

/** A part store that may be unreachable: each operation may throw RedisUnavailable. */
export type RedisPartStore = ReturnType<typeof redisPartStore>;

/** Short, because this is how long waiters are delayed when a process dies. */
const LEASE_MS = 1000;
const RENEW_MS = 300;
/** The interval at which a waiter reads the store again, in case it missed a completion. */
const RECHECK_MS = 200;
/** Redis counts whole milliseconds, so an entry can be nearly one older than its time to live says. */
const CLOCK_STEP_MS = 1;

/**
 * Creates the store of parts in Redis: reads, and claims that store what was fetched. Times are in milliseconds of
 * this process's monotonic clock; `fetchedAt` and `bornBefore` bound the birth of an entry.
 *
 * `read` and `claim` throw RedisUnavailable, as does `settle` of a claim. An entry that cannot be decoded, or whose
 * age is not known, is missing.
 */
export function redisPartStore(options: RedisPartStoreOptions) {
  const { redis, codec, longestMs, now, setTimer, randomId } = options;
  const claimScript = redis.script(CLAIM);
  const settleScript = redis.script(SETTLE);
  const renewScript = redis.script(RENEW);
  const completions = new FlightCompletions(setTimer);
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
    const decodedAt = now();
    parts.forEach((part, index) => {
      const { value, ttlMs } = values[index]!;
      if (!value) return;
      const stored = codec.decode(partKey(ref, part), value);
      if (!stored) options.onUndecodable();
      else if (stored.generation === generation) {
        const entry = entryOf(stored, ttlMs, readAt, decodedAt);
        if (entry) entries[part] = entry;
      }
    });
    return entries;
  }

  async function read(ref: ContactRef, requested: readonly Part[]): Promise<Snapshot> {
    const readAt = now();
    const parts = withContact(requested);
    const [stamp, ...values] = await redis.read(readKeys(ref, parts));
    const generation = generationOf(stamp?.value);
    if (generation === undefined) return { generation, entries: {} };
    return { generation, entries: decode(ref, parts, generation, values, readAt) };
  }

  /** Returns undefined while the contact is closed. */
  async function claim(
    ref: ContactRef,
    readParts: readonly Part[],
    fetchParts: readonly Part[],
    waited: readonly RemoteCall[] = [],
  ): Promise<RemoteFetchLease | undefined> {
    const owner = randomId();
    const claimedAt = now();
    const generationAt = generationKey(ref.org, ref.contact);
    // A call without a lease on a part has one of its own, by which Redis knows its number.
    const leaseKeys =
      fetchParts.length > 0 ? fetchParts.map((part) => leaseKey(ref, part)) : [callLeaseKey(ref, owner)];
    const reply = (await claimScript(
      [
        generationAt,
        fenceKey(ref.org, ref.contact),
        ...leaseKeys,
        ...readParts.map((part) => partKey(ref, part)),
      ],
      [randomId(), longestMs, owner, LEASE_MS, leaseKeys.length, ...waitedTokens(fetchParts, waited)],
    )) as [Buffer, number, Buffer[], (Buffer | null)[], number[], number] | null;
    if (!reply) return undefined;
    const [stamp, number, held, values, ttls, serverTime] = reply;
    const repliedAt = now();
    const generation = stamp.toString('latin1');
    const holders = held.map((holder) => deliverFailure(holder.toString('latin1')));
    const token = `${generation}:${owner}`;
    const leases = leaseKeys.filter((_key, index) => holders[index] === '');
    let cancelRenewal = leases.length > 0 ? setTimer(RENEW_MS, renew) : () => {};

    function renew(): void {
      if (now() - claimedAt > options.renewForMs) return;
      // If the renewal fails, the lease expires and another process repeats the call: slower, but correct.
      renewScript(leases as [string], [token, LEASE_MS]).catch(() => {});
      cancelRenewal = setTimer(RENEW_MS, renew);
    }

    return {
      generation,
      number,
      entries: decode(ref, readParts, generation, storedValues(values, ttls), claimedAt),
      heldByOthers: remoteCalls(fetchParts, holders),
      async settle(changes, error) {
        cancelRenewal();
        if (leases.length === 0) return undefined;
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
            serverTime,
            Math.floor(now() - repliedAt),
            number,
            ...changes.flatMap((change) => storedChange(ref, change)),
          ],
        );
        return settled !== 0;
      },
    };
  }

  function storedChange(ref: ContactRef, { part, entry, retentionMs }: Change): [number, Buffer | string] {
    const px = Math.ceil(retentionMs);
    return entry && px > 0 ? [px, codec.encode(partKey(ref, part), storedEntry(entry, px, now()))] : [0, ''];
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
   * Delivers the message of a failed call that has replaced the token of a lease. Returns the token. A message that
   * cannot be parsed stands for its own token: its waiter reads the store again until the message expires, at the
   * latest after `LEASE_MS`, and can claim the part then.
   */
  function deliverFailure(holder: string): string {
    if (!holder.startsWith('=')) return holder;
    return completions.receive(holder.slice(1)) ?? holder;
  }

  return { read, claim };
}

/** Returns the generation in the value of a contact's generation key, which ends in the number of the last call. */
function generationOf(value: Buffer | null | undefined): string | undefined {
  const end = value?.lastIndexOf(':') ?? -1;
  return end > 0 ? value!.toString('latin1', 0, end) : undefined;
}

function waitedTokens(parts: readonly Part[], waited: readonly RemoteCall[]): string[] {
  if (waited.length === 0) return [];
  return parts.map((part) => waited.find((call) => call.parts.includes(part))?.token ?? '');
}

function storedEntry(entry: Entry, retentionMs: number, now: number): StoredEntry {
  const { bytes, contentHash, fetchedAt, staleAt, generation, number } = entry;
  const ageMs = Math.max(0, Math.ceil(now - fetchedAt));
  const freshMs = Math.min(retentionMs, Math.max(0, Math.floor(staleAt - now)));
  return { generation, number, bytes, contentHash, ageMs, freshMs, retentionMs };
}

/**
 * Converts an entry's durations to this process's clock. The time to live that has elapsed in Redis is the time
 * since the entry was stored.
 *
 * @param ttlMs the remaining time to live.
 * @param readAt the time at which the read was sent, so that an error makes the entry older, not younger.
 * @param decodedAt the time at which the reply arrived. The call began before.
 * @returns undefined if the remaining time to live exceeds the original one, because the server's clock was set
 *   back and the age is unknown.
 */
function entryOf(stored: StoredEntry, ttlMs: number, readAt: number, decodedAt: number): Entry | undefined {
  const { bytes, contentHash, ageMs, freshMs, retentionMs, generation, number } = stored;
  const elapsedMs = retentionMs - ttlMs;
  if (ttlMs < 0 || elapsedMs < 0) return undefined;
  const storedAt = readAt - elapsedMs - CLOCK_STEP_MS;
  return {
    bytes,
    contentHash,
    generation,
    number,
    fetchedAt: storedAt - ageMs,
    bornBefore: decodedAt,
    staleAt: storedAt + freshMs,
  };
}
