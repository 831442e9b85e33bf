import { AppError } from '../errors.ts';
import type { Fence } from '../contact/fence.ts';
import type { SetTimer } from '../lib/timers.ts';
import type { GuardedRedis, Script } from '../redis/guarded-redis.ts';
import { ignoreUnavailable, RedisUnavailable } from '../redis/redis-unavailable.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { InvalidationJournal, type FenceChange, type JournalItem } from './invalidation-journal.ts';
import { decodeInvalidation, encodeInvalidation, fenceChanges } from './invalidation-message.ts';
import {
  fenceKey,
  generationKey,
  GENERATIONS_PATTERN,
  inboxChannel,
  INVALIDATIONS_CHANNEL,
  PROCESSES_CHANNEL,
} from './part-key.ts';
import { ProcessRegistry } from './process-registry.ts';
import { INVALIDATE, PUBLISH } from './redis-scripts.ts';

export interface RedisInvalidationsOptions {
  readonly redis: Pick<
    GuardedRedis,
    | 'script'
    | 'durableScript'
    | 'longTimeoutScript'
    | 'removeMatching'
    | 'subscribe'
    | 'onGap'
    | 'onRecovery'
    | 'serverOf'
    | 'isSettled'
    | 'isUp'
  >;
  /** Milliseconds after which no process serves an entry that Redis has not confirmed since. */
  readonly ttlMs: number;
  /** Milliseconds for which a write closes its contact if its process dies. */
  readonly fenceMs: number;
  /** Milliseconds for which the upstream may still carry out a write with an unknown outcome. */
  readonly uncertainMs: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly setTimer: SetTimer;
  readonly randomId: () => string;
}

export type RedisInvalidations = ReturnType<typeof redisInvalidations>;

const REPLICA_WAIT_MS = 250;
const REPEAT_MS = 1000;
/** The number of replayed or repeated items that are in flight at a time. */
const BATCH = 200;
const REFUSED_RETRY_S = 5;
const TOO_MANY_FENCES =
  'Too many writes are in progress, or have an unknown outcome, to start one more. Try again later.';

/**
 * Creates the part of the store that makes invalidations and fences effective in Redis and in all processes, and
 * keeps them effective through failovers.
 */
export function redisInvalidations(options: RedisInvalidationsOptions) {
  const { redis, ttlMs, now, setTimer, randomId } = options;
  const processId = randomId();
  const journal = new InvalidationJournal(now);
  const run = redis.durableScript(INVALIDATE, REPLICA_WAIT_MS);
  const replayScripts = {
    commands: redis.longTimeoutScript(INVALIDATE, 'commands'),
    invalidations: redis.longTimeoutScript(INVALIDATE, 'invalidations'),
  };
  const publishScript = redis.script(PUBLISH);
  /** The journal's items, by generation key, that no replica may have yet. */
  const unconfirmed = new Map<string, JournalItem>();
  let cancelRepeat: (() => void) | undefined;
  let isClosed = false;

  /** Publishes best effort: a lost message costs time, and never the promise. */
  const publish = async (key: string, channel: string, message: string): Promise<void> =>
    void (await publishScript([key], [channel, message]).catch(ignoreUnavailable));
  const registry = new ProcessRegistry({
    processId,
    publish: (message) => publish(PROCESSES_CHANNEL, PROCESSES_CHANNEL, message),
    isPresent: () => redis.isSettled(),
    onLeave: () => acknowledgements.checkAll(),
    now,
    setTimer,
  });
  const acknowledgements = new Acknowledgements({
    processId,
    others: () => registry.others(),
    isSettled: () => redis.isSettled(),
    ttlMs,
    now,
    setTimer,
  });
  redis.subscribe(PROCESSES_CHANNEL, (message) => registry.receive(message));
  redis.subscribe(inboxChannel(processId), (message) => {
    const [reference = '', from = ''] = message.split('|');
    acknowledgements.receive(reference, from);
  });
  redis.onGap(() => {
    if (!isClosed) registry.start();
  });
  redis.onRecovery(async ({ connection, server }) => replay(replayScripts[connection], server));

  function argumentsOf(item: JournalItem, publishAlways: boolean): (string | number)[] {
    const at = now();
    return [
      INVALIDATIONS_CHANNEL,
      encodeInvalidation(item, at),
      publishAlways ? '1' : '',
      ...fenceChanges(item, at).flatMap(({ token, closeMs }) => [token, closeMs]),
    ];
  }

  /** Makes all recent invalidations effective on a server that may have lost them. */
  async function replay(script: Script, server: string): Promise<void> {
    if (journal.voidsEverything) await redis.removeMatching(server, GENERATIONS_PATTERN);
    const items = journal
      .items()
      .filter(({ org, contact }) => redis.serverOf(generationKey(org, contact)) === server);
    await inBatches(items, async (item) => {
      const isAwaited = acknowledgements.has(item.reference);
      await script(keysOf(item), argumentsOf(item, isAwaited));
      if (isAwaited) acknowledgements.tookEffect(item.reference);
    });
  }

  /** @throws RedisUnavailable if Redis, or a replica that exists, has not confirmed the item. */
  async function apply(item: JournalItem): Promise<void> {
    const key = generationKey(item.org, item.contact);
    unconfirmed.set(key, item);
    try {
      if (!(await run(keysOf(item), argumentsOf(item, true)))) throw new RedisUnavailable();
      if (unconfirmed.get(key) === item) unconfirmed.delete(key);
    } catch (error) {
      cancelRepeat ??= setTimer(REPEAT_MS, () => void repeat());
      throw error;
    }
  }

  /** Applies the contacts' current items: other processes may have added to the refused ones meanwhile. */
  async function repeat(): Promise<void> {
    await inBatches([...unconfirmed.keys()], async (key) => {
      const item = journal.get(key);
      if (!item) unconfirmed.delete(key);
      else if (!isClosed) await apply(item).catch(ignoreUnavailable);
    });
    const isOver = unconfirmed.size === 0 || isClosed;
    cancelRepeat = isOver ? undefined : setTimer(REPEAT_MS, () => void repeat());
  }

  /** Records an invalidation and makes it effective. Bounded by 1.5 s and twice `ttlMs`. */
  async function announce(org: string, contact: string, fence?: FenceChange): Promise<void> {
    const pending = acknowledgements.begin();
    const item = journal.record(org, contact, pending.reference, fence && [fence]);
    try {
      await apply(item);
      pending.tookEffect();
      // A closed contact is still served as before: the write is acknowledged when it opens.
      if (fence && fence.closeMs > 0) return;
      await pending.wait();
      // A server that is being replaced may lose the invalidation before it is replayed.
      if (!redis.isUp(generationKey(org, contact))) throw new RedisUnavailable();
    } catch (cause) {
      throw new AppError('CACHE_UNAVAILABLE', { retryAfterS: 1, cause });
    } finally {
      acknowledgements.end(pending);
    }
  }

  async function fence(org: string, contact: string): Promise<Fence> {
    if (!journal.canClose())
      throw new AppError('CACHE_UNAVAILABLE', { detail: TOO_MANY_FENCES, retryAfterS: REFUSED_RETRY_S });
    const token = randomId();
    const open = () => announce(org, contact, { token, closeMs: 0 });
    const close = (closeMs: number) => announce(org, contact, { token, closeMs });
    try {
      await close(options.fenceMs);
    } catch (error) {
      // The contact may be closed although Redis did not confirm it.
      open().catch(() => {});
      throw error;
    }
    return { open, uncertain: () => void close(options.uncertainMs).catch(() => {}) };
  }

  /** @param forget called for every invalidation that another process has published. */
  function onInvalidation(forget: (org: string, contact: string) => void): void {
    redis.subscribe(INVALIDATIONS_CHANNEL, (message) => {
      const received = decodeInvalidation(message);
      const { org, contact, reference, fences } = received;
      forget(org, contact);
      const [sender = ''] = reference.split('.');
      if (sender === processId) return;
      journal.record(org, contact, reference, fences);
      if (sender !== '' && redis.isSettled())
        void publish(generationKey(org, contact), inboxChannel(sender), `${reference}|${processId}`);
    });
  }

  return {
    /** Names this process to the others. */
    processId,
    /** Returns the other processes that Redis reaches. */
    others: () => registry.others(),
    invalidate: (org: string, contact: string) => announce(org, contact),
    fence,
    onInvalidation,
    /** @param listener called when invalidations may have been missed. */
    onGap: (listener: () => void) => redis.onGap(listener),
    async close(): Promise<void> {
      isClosed = true;
      cancelRepeat?.();
      await registry.stop();
    },
  };
}

function keysOf({ org, contact }: JournalItem): [string, string] {
  return [generationKey(org, contact), fenceKey(org, contact)];
}

async function inBatches<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += BATCH) await Promise.all(items.slice(at, at + BATCH).map(run));
}
