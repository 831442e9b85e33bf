import { performance } from 'node:perf_hooks';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { requireAdminToken } from './http/middleware/admin-token.ts';
import { authenticate } from './http/middleware/authenticate.ts';
import { createIdentity } from './auth/create-identity.ts';
import type { RevocationRequest } from './auth/revocation-store.ts';
import { createPartStore } from './cache/create-part-store.ts';
import type { PartStore } from './cache/part-store.ts';
import { withCache } from './cache/with-cache.ts';
import type { Config } from './config/load-config.ts';
import type { FetchRawParts } from './contact/fetch-parts.ts';
import type { ReadContact } from './contact/read-contact.ts';
import { isAppError } from './errors.ts';
import { accessLog } from './http/middleware/access-log.ts';
import { checkProtocol } from './http/middleware/protocol.ts';
import { corsFor } from './http/middleware/cors.ts';
import { docsPages, openApiContent } from './http/docs-page.ts';
import { errorResponse, logUnexpected } from './http/error-response.ts';
import { healthz, readyz } from './http/health-routes.ts';
import { requireOneHost } from './http/middleware/host.ts';
import { invalidations } from './admin/invalidations.ts';
import { limitBody } from './http/middleware/body-limit.ts';
import { messagesOf, type Application } from './http/messages.ts';
import { contextOf } from './http/request-context.ts';
import { requestContext } from './http/middleware/context.ts';
import { dashboard, dashboardFiles, dashboardRefusal, operatorsStatus } from './admin/dashboard.ts';
import { protectAdmin } from './http/middleware/admin-origin.ts';
import { revocations } from './admin/revocations.ts';
import { compose, routeNotFound, defineRoute } from './http/routing.ts';
import { scrape } from './admin/metrics.ts';
import { createRedis } from './redis/redis-client.ts';
import { credentialReloader } from './redis/replace-credentials.ts';
import { replaceableRedis } from './redis/replaceable-client.ts';
import type { RateLimitStore } from './rate-limit/rate-limit-store.ts';
import { rateLimitCallers } from './http/middleware/rate-limit.ts';
import { throttleFailedAuthentication } from './http/middleware/failed-authentication.ts';
import { memoryRateLimitStore } from './rate-limit/memory-rate-limit-store.ts';
import { redisRateLimitStore } from './rate-limit/redis-rate-limit-store.ts';
import { OPERATIONS } from './operations/index.ts';
import { mountOperations } from './operations/mount.ts';
import { GuardedRedis } from './redis/guarded-redis.ts';
import { staticResponse } from './http/static-response.ts';
import { adminOpenApiDocument } from './openapi/admin-document.ts';
import { openApiBytes, openApiDocument } from './openapi/document.ts';
import { onBroadcast, aggregateMetrics, broadcast } from './cluster/broadcast.ts';
import type { WorkerBus } from './cluster/worker-bus.ts';
import { replaceableSecrets } from './replaceable-secrets.ts';
import { prepareAll, type Replacement } from './replacement.ts';
import { setTimer } from './lib/timers.ts';
import { shedLoad } from './http/middleware/load-shedding.ts';
import { traceRequest } from './http/middleware/trace.ts';
import { tracedRead } from './telemetry/traced-read.ts';
import { watchEventLoop } from './telemetry/event-loop-lag.ts';
import { shaped } from './contact/shape/shaped.ts';
import { partShaper } from './contact/shape/shape-parts.ts';
import type { Health } from './telemetry/health.ts';
import { describeError, type Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { statusReader } from './telemetry/status.ts';
import { createUpstream } from './upstream/client.ts';
import { fetchContact } from './upstream/operations/fetch-contact.ts';
import { VERSION } from './version.ts';

export interface AppOptions {
  readonly config: Config;
  readonly log: Log;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Connects the processes that serve the same ports. */
  readonly workerBus: WorkerBus;
}

/** The dependencies that the middleware shares. */
interface Dependencies extends AppOptions {
  readonly secrets: ReturnType<typeof replaceableSecrets>;
  readonly store: PartStore;
  readonly identity: ReturnType<typeof createIdentity>;
  readonly rateLimitStore: RateLimitStore;
}

/** Milliseconds since the epoch. */
const now = Date.now;
/** Milliseconds of a monotonic clock. */
const clock = () => performance.now();

/** Builds the applications of both ports. `close` releases their resources. */
export function buildApp(options: AppOptions) {
  const { config, log, health, metrics, workerBus } = options;
  const secrets = replaceableSecrets(config, { log, health });
  const redisClient = config.redis && replaceableRedis(config.redis, createRedis);
  const reloadRedis = redisClient && credentialReloader(config.redis, { client: redisClient, log, health });
  const redis =
    redisClient &&
    new GuardedRedis({
      client: redisClient,
      log,
      health,
      timeoutMs: config.redis.timeoutMs,
      metrics,
    });
  const store = createPartStore({ ...config, ...options, redis, codec: secrets.codec, now: clock });
  const rateLimitStore = redis
    ? redisRateLimitStore({ link: redis, onFailure: config.limits.onFailure, now: clock })
    : memoryRateLimitStore(clock);
  const identity = createIdentity({
    ...config.auth,
    link: redis,
    now,
    monotonicNow: clock,
    random: Math.random,
    log,
    health,
    metrics,
  });
  onBroadcast(workerBus, { store, identity, metrics });
  const parts = { ...options, secrets, store, identity, rateLimitStore };
  return {
    publicApp: publicPort(parts),
    adminApp: adminPort(parts),
    connect: async () => {
      await redis?.connect();
      await identity.connect();
    },
    /** Prepares all values that depend on secrets. */
    prepareReload: (next: Config): Replacement =>
      prepareAll([
        () => secrets.prepare(next),
        () => identity.prepareIssuers(next.auth.issuers),
        ...(reloadRedis ? [() => reloadRedis(next.redis)] : []),
      ]),
    close: async () => {
      await Promise.all([secrets.transport.close(), identity.close()]);
      redis?.close();
    },
  };
}

/** Composes the read path, from the upstream call (innermost) to cached parts. */
function readChain({ config, log, health, metrics, secrets, store }: Dependencies): ReadContact {
  const { transport, credentialsOf, component } = secrets;
  const upstream = createUpstream({
    transport,
    credentialsOf,
    component,
    baseUrl: config.upstream.baseUrl,
    maxResponseBytes: config.upstream.maxResponseBytes,
    policies: config.resilience,
    log,
    health,
    metrics,
    setTimer,
    now: clock,
    random: Math.random,
  });
  const fetchRaw: FetchRawParts = (query, fetchOptions) => upstream(fetchContact, query, fetchOptions);
  const fetchShaped = shaped(partShaper(config.shape), fetchRaw);
  const readCached = withCache(fetchShaped, {
    store,
    metrics,
    now: clock,
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

/** Returns the first middleware of both ports. */
function entrySteps({ log, metrics, secrets }: Dependencies): RequestHandler[] {
  const { hashSubject } = secrets;
  return [
    requestContext(),
    traceRequest(),
    accessLog({ log, metrics, hashSubject }),
    checkProtocol(),
    requireOneHost(),
  ];
}

function publicPort(parts: Dependencies): Application {
  const { config, log, health, identity, rateLimitStore, metrics } = parts;
  const caller = throttleFailedAuthentication(
    authenticate({ verify: identity.verify, cookie: config.auth.cookie }),
    {
      tier: config.limits.failedAuthentication,
      rateLimitStore,
    },
  );
  const limit = rateLimitCallers({ ...config.limits, rateLimitStore, metrics });
  const app = router().set('trust proxy', config.trustProxy);
  defineRoute(app, '/healthz', { get: [healthz] });
  defineRoute(app, '/readyz', { get: [readyz(health, { reasons: false })] });
  const lag = watchEventLoop(clock);
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
  const shed = shedLoad({ lag, maxLagMs: config.http.maxEventLoopLagMs, log });
  const settings = { scopes: config.scopes, maxBatchSize: config.http.maxBatchSize };
  const fastPath = mountOperations(app, OPERATIONS, {
    before: ({ cost }) => [shed, caller, limit(cost ? (req) => cost(req, settings) : () => 1)],
    response: {
      compressFromBytes: config.http.compressFromBytes,
      clientMaxAgeS: config.http.clientMaxAgeS,
      monotonicNow: clock,
    },
    services: {
      settings,
      readContact: readChain(parts),
      batchParallelism: config.http.batchParallelism,
      monotonicNow: clock,
      onUnexpected: (req, error) => logUnexpected(log, contextOf(req), error),
    },
  });
  const openApi = openApiBytes(openApiDocument(settings));
  for (const [path, content] of docsPages(openApi))
    defineRoute(app, path, { get: [staticResponse(content)] });
  const entry = [
    ...entrySteps(parts),
    ...corsFor(config.http.corsOrigins, { credentials: config.auth.cookie !== undefined }),
    limitBody(config.http.maxBodyBytes),
    fastPath,
  ];
  return application(entry, app.use(routeNotFound), errorResponse(log));
}

function adminPort(parts: Dependencies): Application {
  const { config, log, health, metrics, secrets, store, identity, workerBus } = parts;
  const app = router().set('trust proxy', config.trustProxy);
  const operator = requireAdminToken(secrets.adminToken);
  const json = express.json({ limit: config.http.maxBodyBytes });
  const invalidate = invalidations(async (org, contact) => {
    await store.invalidate(org, contact);
    await broadcast(workerBus, 'invalidated', { org, contact });
    metrics.invalidation();
  });
  const revoke = async (request: RevocationRequest): Promise<void> =>
    broadcast(workerBus, 'revoked', await identity.revoke(request));
  const metricsOfAll = aggregateMetrics(metrics, workerBus, config.processes);
  const adminOpenApi = openApiContent(openApiBytes(adminOpenApiDocument()));
  defineRoute(app, '/healthz', { get: [healthz] });
  defineRoute(app, '/readyz', { get: [readyz(health, { reasons: true })] });
  const readStatus = statusReader({
    metrics: metricsOfAll,
    health,
    version: VERSION,
    upstream: config.upstream.baseUrl.host,
    egress: secrets.egress,
    now,
    uptime: () => process.uptime(),
  });
  defineRoute(app, '/', { get: [operator, dashboard] });
  for (const [path, content] of dashboardFiles()) defineRoute(app, path, { get: [staticResponse(content)] });
  defineRoute(app, '/status', { get: [operator, operatorsStatus(readStatus)] });
  defineRoute(app, '/metrics', { get: [operator, scrape(metricsOfAll)] });
  defineRoute(app, '/invalidations', { post: [operator, json, invalidate] });
  defineRoute(app, '/revocations', { post: [operator, json, revocations({ revoke, now })] });
  defineRoute(app, '/openapi.json', { get: [operator, staticResponse(adminOpenApi)] });
  app.use(operator, routeNotFound).use(dashboardRefusal);
  return application([...entrySteps(parts), protectAdmin(secrets.adminToken)], app, errorResponse(log));
}

function router(): Express {
  const app = express();
  return app
    .disable('x-powered-by')
    .disable('etag')
    .enable('case sensitive routing')
    .set('query parser', 'simple');
}

/** Composes the middleware of every request, the router, and the error handler of both. */
function application(
  entry: readonly RequestHandler[],
  app: Express,
  respondWithProblem: ErrorRequestHandler,
): Application {
  app.use(respondWithProblem);
  const enter = compose(entry);
  return {
    ...messagesOf(app),
    handle(message, response) {
      const [req, res] = [message as Request, response as Response];
      enter(req, res, (error?: unknown) => {
        if (error === undefined) app(req, res);
        else void respondWithProblem(error, req, res, () => res.destroy());
      });
    },
  };
}
