import { plainCodec } from '../../cache/stored-entry.ts';
import { redisPartStore } from '../../cache/redis-part-store.ts';
import type { ContactRef } from '../../contact/read-contact.ts';
import type { RedisClient } from '../../redis/redis-client.ts';
import { GuardedRedis } from '../../redis/guarded-redis.ts';
import { Health } from '../../telemetry/health.ts';
import { silentLog } from '../../telemetry/log.ts';
import { failed, passed, warned, type Finding } from './finding.ts';

const CHECK = 'Redis commands';
/** Nobody's: no entry of a caller is touched. */
const NOBODY = '00000000-0000-4000-8000-000000000000';
const ENTRY: ContactRef = { org: NOBODY, member: NOBODY, contact: NOBODY };
const KEEP_MS = 2000;
const ATTEMPTS = 3;
const HEARD_WITHIN_MS = 2000;
/** The share of the time that a request waits for Redis from which on an operation is slow. */
const SLOW = 0.5;

/**
 * Stores an entry, reads it and takes it back, with the code that the program itself does so with: what its
 * commands, keys and channels need is what is tried.
 */
export async function tryStore(client: RedisClient, timeoutMs: number): Promise<Finding[]> {
  let reason = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const health = new Health(Date.now);
    const link = new GuardedRedis({
      client,
      log: silentLog(),
      health,
      timeoutMs,
      metrics: { redisFailure: () => {}, gauge: () => {} },
    });
    const store = redisPartStore({
      redis: link,
      codec: plainCodec,
      longestMs: KEEP_MS,
      now: () => performance.now(),
      onUndecodable: () => {},
    });
    const heard = new Promise<boolean>((resolve) => {
      store.onInvalidation((org) => resolve(org === NOBODY));
      setTimeout(resolve, HEARD_WITHIN_MS, false).unref();
    });
    try {
      const begun = performance.now();
      const claim = await store.claim(ENTRY, ['contact'], ['contact']);
      const entry = { bytes: Buffer.from('{}'), contentHash: '', fetchedAt: begun, staleAt: begun + KEEP_MS };
      const settled = await claim.settle([{ part: 'contact', entry, retentionMs: KEEP_MS }]);
      const read = await store.read(ENTRY, ['contact']);
      const tookMs = (performance.now() - begun) / 3;
      const safe = await store.invalidate(NOBODY, NOBODY);
      if (!settled || !read.entries.contact) {
        return [
          failed(CHECK, 'what was stored was not there', 'see whether Redis is full, or evicts at once'),
        ];
      }
      return judge({ heard: await heard, safe, tookMs, timeoutMs });
    } catch {
      reason = health.report().reasons[0]?.detail ?? 'no answer';
      // Once may be a moment's delay; a refusal stays one.
      if (!reason.startsWith('TIMEOUT')) break;
    }
  }
  return [failed(CHECK, `an entry could not be stored, read and taken back: ${reason}`, ACL_ADVICE)];
}

const ACL_ADVICE =
  'a user of its own needs the keys ~zbff:*, the channels &zbff:* and +@read +@write +@scripting +@pubsub +@connection +wait +time';

function judge(tried: { heard: boolean; safe: boolean; tookMs: number; timeoutMs: number }): Finding[] {
  const findings = [passed(CHECK, 'an entry was stored, read and taken back')];
  if (!tried.heard) {
    const detail =
      'an invalidation was not heard of: other processes would serve what was invalidated for CACHE_L1_TTL_MS';
    findings.push(warned('Redis messages', detail, `allow SUBSCRIBE and PUBLISH; ${ACL_ADVICE}`));
  }
  if (!tried.safe) {
    const advice = 'look at the replicas: a failover right after an invalidation could undo it';
    findings.push(warned('Redis replication', 'no replica confirmed an invalidation in time', advice));
  }
  const took = `${tried.tookMs.toFixed(1)} ms an operation`;
  findings.push(
    tried.tookMs > tried.timeoutMs * SLOW
      ? warned(
          'Redis speed',
          took,
          `put Redis nearer, or raise REDIS_TIMEOUT_MS: requests wait for ${tried.timeoutMs} ms at most, and go on without it`,
        )
      : passed('Redis speed', took),
  );
  return findings;
}
