import { plainCodec } from '../../cache/stored-entry.ts';
import { randomId } from '../../cache/random-id.ts';
import { redisInvalidations } from '../../cache/redis-invalidations.ts';
import { redisPartStore } from '../../cache/redis-part-store.ts';
import type { ContactRef } from '../../contact/read-contact.ts';
import type { RedisClient } from '../../redis/redis-client.ts';
import { setBackgroundTimer } from '../../lib/timers.ts';
import { GuardedRedis } from '../../redis/guarded-redis.ts';
import { Health } from '../../telemetry/health.ts';
import { silentLog } from '../../telemetry/log.ts';
import { failed, passed, warned, type Finding } from './finding.ts';
import { CLUSTER_RIGHTS, MINIMUM_RIGHTS } from './minimum-rights.ts';
import { UNUSED_ID } from './unused-id.ts';

const CHECK = 'Redis commands';
const ENTRY: ContactRef = { org: UNUSED_ID, member: UNUSED_ID, contact: UNUSED_ID };
const RETENTION_MS = 2000;
const ATTEMPTS = 3;
const MESSAGE_TIMEOUT_MS = 2000;
/** An operation that takes more than this share of REDIS_TIMEOUT_MS is slow. */
const SLOW_SHARE = 0.5;

/**
 * Stores an entry, reads it and invalidates it, with the store of the proxy itself. This tests the same
 * commands, keys and channels.
 */
export async function tryStore(client: RedisClient, timeoutMs: number): Promise<Finding[]> {
  let reason = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const health = new Health(Date.now);
    const redis = new GuardedRedis({
      client,
      log: silentLog(),
      health,
      timeoutMs,
      metrics: { redisFailure: () => {}, gauge: () => {} },
    });
    const shared = { redis, now: () => performance.now(), randomId, setTimer: setBackgroundTimer };
    const store = redisPartStore({
      ...shared,
      codec: plainCodec,
      longestMs: RETENTION_MS,
      renewForMs: 60_000,
      onUndecodable: () => {},
    });
    const invalidations = redisInvalidations({ ...shared, ttlMs: 0, fenceMs: 0, uncertainMs: 0 });
    const received = new Promise<boolean>((resolve) => {
      invalidations.onInvalidation((org) => resolve(org === UNUSED_ID));
      setTimeout(resolve, MESSAGE_TIMEOUT_MS, false).unref();
    });
    try {
      const begun = performance.now();
      const claim = (await store.claim(ENTRY, ['contact'], ['contact']))!;
      const { generation, number } = claim;
      const entry = {
        generation,
        number,
        bytes: Buffer.from('{}'),
        contentHash: '',
        fetchedAt: begun,
        staleAt: begun + RETENTION_MS,
      };
      const settled = await claim.settle([{ part: 'contact', entry, retentionMs: RETENTION_MS }]);
      const read = await store.read(ENTRY, ['contact']);
      const tookMs = (performance.now() - begun) / 3;
      const replicated = await invalidations.invalidate(UNUSED_ID, UNUSED_ID).then(
        () => true,
        (error: unknown) => {
          if (health.report().reasons.length > 0) throw error;
          return false;
        },
      );
      if (!settled || !read.entries.contact) {
        return [
          failed(
            CHECK,
            'a stored entry was missing',
            'check whether Redis is full, or evicts entries immediately',
          ),
        ];
      }
      return evaluate({ received: await received, replicated, tookMs, timeoutMs });
    } catch {
      reason = health.report().reasons[0]?.detail ?? 'no reply';
      // A timeout can be temporary, so the check is repeated. Another error is permanent.
      if (!reason.startsWith('TIMEOUT')) break;
    } finally {
      await invalidations.close();
    }
  }
  return [failed(CHECK, `an entry could not be stored, read and invalidated: ${reason}`, ACL_ADVICE)];
}

const ACL_ADVICE = `an ACL user needs ${MINIMUM_RIGHTS}, ${CLUSTER_RIGHTS} on a Cluster, and +wait if there are replicas`;

function evaluate(trial: {
  received: boolean;
  replicated: boolean;
  tookMs: number;
  timeoutMs: number;
}): Finding[] {
  const findings = [passed(CHECK, 'an entry was stored, read and invalidated')];
  if (!trial.received) {
    const detail =
      'an invalidation message did not arrive: other processes would serve invalidated entries for up to CACHE_L1_TTL_MS';
    findings.push(warned('Redis messages', detail, `allow SUBSCRIBE and PUBLISH; ${ACL_ADVICE}`));
  }
  if (!trial.replicated) {
    const advice = 'check the replicas: a failover right after an invalidation could undo it';
    findings.push(warned('Redis replication', 'no replica acknowledged an invalidation in time', advice));
  }
  const took = `${trial.tookMs.toFixed(1)} ms per operation`;
  findings.push(
    trial.tookMs > trial.timeoutMs * SLOW_SHARE
      ? warned(
          'Redis speed',
          took,
          `move Redis closer, or raise REDIS_TIMEOUT_MS: requests wait at most ${trial.timeoutMs} ms and then continue without Redis`,
        )
      : passed('Redis speed', took),
  );
  return findings;
}
