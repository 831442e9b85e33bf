import type { SetTimer } from '../lib/timers.ts';
import type { GuardedRedis } from '../redis/guarded-redis.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { observerChannel } from './part-key.ts';
import type { PartStore, Snapshot } from './part-store.ts';
import type { RedisInvalidations } from './redis-invalidations.ts';
import { PUBLISH } from './redis-scripts.ts';

/** The entries that a probed process would serve for a contact. */
interface Probe {
  /** Milliseconds since the birth of the oldest entry in its near cache; undefined without an entry. */
  readonly oldestAgeMs: number | undefined;
  /** The contact's generation in Redis; empty if there is none, or Redis is unreachable. */
  readonly generation: string;
}

interface Invalidation {
  readonly org: string;
  readonly contact: string;
  readonly startedAt: number;
  /** The generation that the invalidation removed, as far as known. */
  readonly generation: string;
  /** The processes that have acknowledged, or that serve no older entry for another reason. */
  readonly processes: readonly string[];
}

export interface FreshnessObserverOptions {
  readonly redis: Pick<GuardedRedis, 'script' | 'subscribe'>;
  /** Reads the generation, with no parts, through Redis. */
  readonly read: (
    ref: { org: string; contact: string; member: string },
    parts: readonly [],
  ) => Promise<Snapshot>;
  readonly invalidations: Pick<RedisInvalidations, 'processId' | 'others'>;
  /** Returns the birth of the oldest entry that this process serves without Redis. */
  readonly oldestBirth: (org: string, contact: string) => number | undefined;
  /** One in so many invalidations is observed; 0 for none. */
  readonly sample: number;
  readonly metrics: Pick<Metrics, 'freshnessViolation' | 'freshnessPropagation'>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly setTimer: SetTimer;
  readonly random: () => number;
  readonly randomId: () => string;
}

/** The times of the probes after the acknowledgement. A failover can undo an invalidation later. */
const PROBE_AFTER_MS = [0, 1000, 10_000, 60_000];
const REPLY_MS = 1000;
const REPEAT_MS = 100;
/** The time for which a probe that found older data is repeated, to measure the delay. */
const REPEAT_FOR_MS = 60_000;
const MAX_OBSERVED = 100;

/**
 * Observes whether invalidations keep their promise: probes another process several times after the acknowledgement,
 * for the entries that it would serve. Only durations travel, and each doubt is decided in favour of the cache,
 * so that every violation counted is one.
 *
 * @returns `invalidate` of the store, observed.
 */
export function freshnessObserver(options: FreshnessObserverOptions) {
  const { redis, invalidations, metrics, now, setTimer, random } = options;
  const { processId } = invalidations;
  const publishScript = redis.script(PUBLISH);
  const waiting = new Map<string, (probe: Probe) => void>();
  let observed = 0;

  /** Sends best effort: without a reply, nothing is counted. */
  const send = (to: string, fields: readonly (string | number)[]): void => {
    const channel = observerChannel(to);
    publishScript([channel], [channel, fields.join('|')]).catch(() => {});
  };

  redis.subscribe(observerChannel(processId), (message) => {
    const [kind, id = '', ...fields] = message.split('|');
    if (kind === '?') void reply(id, fields as [string, string, string]);
    if (kind !== '=') return;
    const [age = '', generation = ''] = fields;
    waiting.get(id)?.({ oldestAgeMs: age === '' ? undefined : Number(age), generation });
  });

  async function reply(id: string, [from, org, contact]: readonly [string, string, string]): Promise<void> {
    const generation = await generationOf(org, contact);
    const birth = options.oldestBirth(org, contact);
    send(from, ['=', id, birth === undefined ? '' : Math.floor(now() - birth), generation]);
  }

  async function generationOf(org: string, contact: string): Promise<string> {
    const snapshot = await options.read({ org, contact, member: '' }, []).catch(() => undefined);
    return snapshot?.generation ?? '';
  }

  /** Returns whether another process has no older data; undefined if it does not reply. */
  async function isFresh(invalidation: Invalidation): Promise<boolean | undefined> {
    const { org, contact, startedAt, generation } = invalidation;
    const present = invalidations.others().filter((id) => invalidation.processes.includes(id));
    const target = present[Math.floor(random() * present.length)];
    if (target === undefined) return undefined;
    const id = options.randomId();
    const probe = await new Promise<Probe | undefined>((resolve) => {
      const cancel = setTimer(REPLY_MS, () => resolve(undefined));
      waiting.set(id, (received) => {
        cancel();
        resolve(received);
      });
      send(target, ['?', id, processId, org, contact]);
    });
    waiting.delete(id);
    if (!probe) return undefined;
    const isBefore = probe.oldestAgeMs !== undefined && now() - probe.oldestAgeMs < startedAt;
    return !isBefore && (generation === '' || probe.generation !== generation);
  }

  const sleep = (ms: number) => new Promise<void>((resolve) => void setTimer(Math.max(0, ms), resolve));

  async function observe(invalidation: Invalidation): Promise<void> {
    const acknowledgedAt = now();
    let [isMeasured, isViolated] = [false, false];
    for (const afterMs of PROBE_AFTER_MS) {
      await sleep(acknowledgedAt + afterMs - now());
      let fresh = await isFresh(invalidation);
      if (fresh === false && !isViolated) {
        isViolated = true;
        metrics.freshnessViolation();
      }
      for (const since = now(); fresh === false && now() - since < REPEAT_FOR_MS;) {
        await sleep(REPEAT_MS);
        fresh = await isFresh(invalidation);
      }
      if (fresh && !isMeasured) {
        isMeasured = true;
        metrics.freshnessPropagation((now() - invalidation.startedAt) / 1000);
      }
    }
  }

  return function observedBy(invalidate: PartStore['invalidate']): PartStore['invalidate'] {
    if (options.sample === 0) return invalidate;
    return async (org, contact) => {
      if (observed >= MAX_OBSERVED || random() * options.sample >= 1) return invalidate(org, contact);
      observed += 1;
      try {
        const generation = await generationOf(org, contact);
        const startedAt = now();
        // A process that is absent before or after may not have been waited for.
        const before = invalidations.others();
        await invalidate(org, contact);
        const after = new Set(invalidations.others());
        const processes = before.filter((id) => after.has(id));
        void observe({ org, contact, startedAt, generation, processes }).finally(() => (observed -= 1));
      } catch (error) {
        observed -= 1;
        throw error;
      }
    };
  };
}
