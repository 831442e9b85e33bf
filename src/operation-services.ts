import { hash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { contactLock } from './cache/contact-lock.ts';
import { lookupCache } from './cache/lookup-cache.ts';
import { memoryValueCache, redisValueCache } from './cache/value-cache.ts';
import { AppError } from './errors.ts';
import { contextOf, callerOf } from './http/request-context.ts';
import { logUnexpected } from './http/error-response.ts';
import { createIdempotency } from './idempotency/create-idempotency.ts';
import { createRecordStore } from './idempotency/create-record-store.ts';
import type { OperationSettings } from './operations/settings.ts';
import { NO_CALLER } from './operations/read-contact-now.ts';
import type { AuditEntry, OperationServices } from './operations/services.ts';
import { coalesce } from './lib/coalesce.ts';
import type { Json } from './lib/json.ts';
import { setTimer } from './lib/timers.ts';
import { LONG_TIMEOUT_MS } from './redis/time-limits.ts';
import { monotonicNow, now, type ServiceOptions, type Services } from './services.ts';
import { fetchMembers } from './upstream/operations/fetch-members.ts';

/** Returns the settings that the operations and their description depend on. */
function operationSettings({ scopes, http, writes }: ServiceOptions['config']): OperationSettings {
  return { scopes, maxBatchSize: http.maxBatchSize, writes: writes.on, brandId: writes.brandId };
}

/** Builds the dependencies of the public operations. */
export function createOperationServices(
  { config, log, metrics }: ServiceOptions,
  { redis, store, secrets, upstream, readContact, writesInFlight }: Services,
): OperationServices {
  const { writes, cache, resilience } = config;
  const values = redis ? redisValueCache(redis, secrets.codec) : memoryValueCache(monotonicNow);
  const lookups = lookupCache({
    values,
    ttlMs: writes.lookupTtlMs,
    negativeTtlMs: cache.negativeTtlMs,
    secretOf(org) {
      const credentials = secrets.credentialsOf(org);
      if (!credentials) throw new AppError('ORG_NOT_CONFIGURED');
      return credentials.developerSecret;
    },
    randomId: randomUUID,
    now,
  });
  const exclusively = contactLock({
    redis,
    // A read and a write, each within the upstream's timeout, and the two ends of the fence. The lease is not
    // renewed.
    leaseMs: 2 * resilience.timeoutMs + endsOfFenceMs(config),
    waitMs: 2 * resilience.timeoutMs,
    monotonicNow,
    sleep,
    randomId: randomUUID,
  });
  const idempotency = createIdempotency({
    store: createRecordStore({ redis, ttlMs: writes.idempotencyTtlMs, now: monotonicNow }),
    codec: secrets.codec,
    setTimer,
    now: monotonicNow,
    report: (event) => log.warn({ event }, 'idempotency record not usable'),
  });
  const membersOnce = coalesce<Json>();
  async function readMembers(org: string): Promise<Json> {
    const key = `zbff:members:{${org}}:${writes.brandId}`;
    const cached = await values.get(key);
    if (cached !== undefined) return cached;
    const members = await upstream(fetchMembers, { org, brand: writes.brandId! }, NO_CALLER);
    const list = members.map(({ id, name }) => ({ id, name }));
    await values.set(key, list, writes.membersTtlMs);
    return list;
  }
  return {
    settings: operationSettings(config),
    readContact,
    batchParallelism: config.http.batchParallelism,
    monotonicNow,
    onUnexpected: (req, error) => logUnexpected(log, contextOf(req), error),
    upstream,
    idempotency,
    writes: writesInFlight,
    fence: (org, contact) => store.fence(org, contact),
    // The fence covers this time twice: until the write is sent, and until its response.
    sendWithinMs: resilience.timeoutMs,
    exclusively,
    lookups,
    members: (org) => membersOnce(org, () => readMembers(org)),
    audit(req, entry: AuditEntry) {
      const { idempotencyKey, ...line } = entry;
      const caller = callerOf(req);
      metrics.write(entry.operation, entry.outcome);
      log.info(
        {
          ...line,
          requestId: contextOf(req).requestId,
          subject: secrets.hashSubject(caller),
          org: caller.org,
          member: caller.member,
          ...(idempotencyKey !== undefined && {
            idempotencyKeyHash: hash('sha256', idempotencyKey, 'base64url').slice(0, 22),
          }),
        },
        'write',
      );
    },
  };
}

/** Returns the maximum milliseconds that closing and opening a contact take together. */
function endsOfFenceMs({ redis, redisStore }: ServiceOptions['config']): number {
  return 2 * Math.max(LONG_TIMEOUT_MS, redis?.timeoutMs ?? 0) + 2 * redisStore.nearTtlMs + MARGIN_MS;
}

const MARGIN_MS = 1000;
