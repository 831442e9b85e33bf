import { hostname } from 'node:os';
import { uptime as processUptime } from 'node:process';
import { performance } from 'node:perf_hooks';
import { createIdentity } from './auth/create-identity.ts';
import type { RevocationRequest } from './auth/revocation-store.ts';
import { createPartStore } from './cache/create-part-store.ts';
import type { PartStore } from './cache/part-store.ts';
import { withCache } from './cache/with-cache.ts';
import {
  aggregateMetrics,
  broadcastRevocation,
  gatherHealth,
  gatherHistories,
  onBroadcast,
  reportState,
} from './cluster/broadcast.ts';
import type { WorkerBus } from './cluster/worker-bus.ts';
import type { Config } from './config/index.ts';
import type { ReadContact } from './contact/read-contact.ts';
import { partShaper } from './contact/shape/shape-parts.ts';
import { shaped } from './contact/shape/shaped.ts';
import { isAppError } from './errors.ts';
import { prepareAll, type Replacement } from './lib/replacement.ts';
import { InFlight } from './lib/in-flight.ts';
import { setTimer } from './lib/timers.ts';
import { memoryRateLimitStore } from './rate-limit/memory-rate-limit-store.ts';
import { redisRateLimitStore } from './rate-limit/redis-rate-limit-store.ts';
import { GuardedRedis } from './redis/guarded-redis.ts';
import { createRedis } from './redis/redis-client.ts';
import { credentialReloader } from './redis/replace-credentials.ts';
import { replaceableRedis } from './redis/replaceable-client.ts';
import { replaceableSecrets } from './secrets/replaceable-secrets.ts';
import { watchEventLoop } from './telemetry/event-loop-lag.ts';
import type { Health } from './telemetry/health.ts';
import { describeError, type Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { History } from './telemetry/history.ts';
import { healthOf } from './telemetry/merge-health.ts';
import { statusReader } from './telemetry/status.ts';
import { tracedRead } from './telemetry/traced-read.ts';
import { createUpstream, type Upstream } from './upstream/client.ts';
import { fetchContact } from './upstream/operations/fetch-contact.ts';
import { VERSION } from './version.ts';

export interface ServiceOptions {
  readonly config: Config;
  readonly log: Log;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Connects the processes that serve the same ports. */
  readonly workerBus: WorkerBus;
}

/** Milliseconds since the epoch. */
export const now = Date.now;
/** Milliseconds of a monotonic clock. */
export const monotonicNow = (): number => performance.now();

export type Services = ReturnType<typeof createServices>;

/** Builds everything behind the two ports, once for each process. `close` releases it. */
export function createServices(options: ServiceOptions) {
  const { config, log, health, metrics, workerBus } = options;
  const secrets = replaceableSecrets(config, { log, health });
  const { redis, reloadCredentials } = connectRedis(options);
  const store = createPartStore({
    redis,
    codec: secrets.codec,
    cache: config.cache,
    memoryStore: config.memoryStore,
    redisStore: config.redisStore,
    freshnessSample: config.freshnessSample,
    fence: {
      // A conditional write reads the contact inside its fence.
      fenceMs: 2 * config.resilience.timeoutMs + config.writeUncertainMs,
      uncertainMs: config.resilience.timeoutMs + config.writeUncertainMs,
    },
    log,
    metrics,
    now: monotonicNow,
  });
  const identity = createIdentity({
    issuers: config.auth.issuers,
    clockToleranceS: config.auth.clockToleranceS,
    maxLifetimeS: config.auth.maxLifetimeS,
    knownScopes: scopesIn(config.scopes),
    maxVerifiedTokens: config.auth.maxVerifiedTokens,
    maxRevocations: config.auth.maxRevocations,
    compareRevocationsMs: config.auth.compareRevocationsMs,
    jwks: config.auth.jwks,
    redis,
    now,
    monotonicNow,
    random: Math.random,
    log,
    health,
    metrics,
  });
  onBroadcast(workerBus, { identity, metrics });
  const upstream = createUpstream({
    transport: secrets.transport,
    credentialsOf: secrets.credentialsOf,
    component: secrets.component,
    baseUrl: config.upstream.baseUrl,
    maxResponseBytes: config.upstream.maxResponseBytes,
    policies: config.resilience,
    log,
    health,
    metrics,
    setTimer,
    now: monotonicNow,
    random: Math.random,
  });
  const lag = watchEventLoop(monotonicNow);
  metrics.gauge(
    'event_loop_lag_seconds',
    'Minimum event-loop lag over the last three 100 ms samples',
    () => lag.lagMs() / 1000,
    'max',
  );
  metrics.gauge(
    'event_loop_lag_max_seconds',
    'Event-loop lag above which requests are rejected (maxEventLoopLagMs)',
    () => config.http.maxEventLoopLagMs / 1000,
    'max',
  );

  const metricsOfAll = aggregateMetrics(metrics, workerBus, config.processes);
  const history = new History({
    samples: metricsOfAll.samples,
    time: processUptime,
    others: () => gatherHistories(workerBus),
  });
  const ownHealth = () => healthOf(health, processUptime());
  reportState(workerBus, { health: ownHealth, history: () => history.record() });
  const readStatus = statusReader({
    metrics: metricsOfAll,
    history,
    health: () => gatherHealth(workerBus, ownHealth()),
    version: VERSION,
    host: hostname(),
    upstream: config.upstream.baseUrl.host,
    egress: secrets.egress,
    now,
    uptime: processUptime,
  });

  return {
    secrets,
    redis,
    store,
    upstream,
    identity,
    lag,
    rateLimitStore: redis
      ? redisRateLimitStore({ redis, onFailure: config.limits.onFailure, now: monotonicNow })
      : memoryRateLimitStore(monotonicNow),
    readContact: readChain(upstream, store, options),
    writesInFlight: new InFlight(),
    metricsOfAll,
    readStatus,
    /** Resolves when no process serves earlier data of the contact. */
    invalidate: async (org: string, contact: string): Promise<void> => {
      await store.invalidate(org, contact);
      metrics.invalidation();
    },
    /** Resolves when every worker of this port rejects the revoked tokens. */
    revoke: async (request: RevocationRequest): Promise<void> =>
      broadcastRevocation(workerBus, await identity.revoke(request)),
    connect: async (): Promise<void> => {
      await history.start();
      await redis?.connect();
      await identity.connect();
    },
    /** Prepares all values that depend on secrets. */
    prepareReload: (next: Config): Replacement =>
      prepareAll([
        () => secrets.prepare(next),
        () => identity.prepareIssuers(next.auth.issuers),
        () => reloadCredentials(next.redis),
      ]),
    close: async (): Promise<void> => {
      history.stop();
      const closed = await Promise.allSettled([secrets.transport.close(), identity.close(), store.close()]);
      redis?.close();
      for (const one of closed)
        if (one.status === 'rejected') log.error({ error: describeError(one.reason) }, 'closing failed');
    },
  };
}

function scopesIn({ read, bypassCache, includes, operations }: Config['scopes']): ReadonlySet<string> {
  return new Set([read, bypassCache, ...Object.values(includes), ...Object.values(operations)]);
}

const UNCHANGED: Replacement = { commit: () => {}, discard: () => {} };

/** Creates the guarded client of Redis, if Redis is configured. */
function connectRedis({ config, log, health, metrics }: ServiceOptions) {
  if (!config.redis) return { redis: undefined, reloadCredentials: () => UNCHANGED };
  const client = replaceableRedis(config.redis, createRedis);
  return {
    redis: new GuardedRedis({ client, log, health, timeoutMs: config.redis.timeoutMs, metrics }),
    reloadCredentials: credentialReloader(config.redis, { client, log, health }),
  };
}

/** Composes the reads of contacts, the outermost first: tracing, cache, shaping, upstream call. */
function readChain(
  upstream: Upstream,
  store: PartStore,
  { config, log, metrics }: ServiceOptions,
): ReadContact {
  const fetchShaped = shaped(partShaper(config.shape), (query, fetchOptions) =>
    upstream(fetchContact, query, fetchOptions),
  );
  const readCached = withCache(fetchShaped, {
    store,
    metrics,
    now: monotonicNow,
    policy: config.cache,
    maxWaitMs: config.resilience.timeoutMs,
    random: Math.random,
    onRefreshFailure: (error) =>
      log[isAppError(error) ? 'debug' : 'error'](
        { error: describeError(error) },
        'background refresh failed',
      ),
    onStoreFailure: (error) =>
      log.error({ error: describeError(error) }, 'could not store the upstream response'),
  });
  return tracedRead(readCached);
}
