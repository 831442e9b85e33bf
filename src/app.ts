import { performance } from 'node:perf_hooks';
import cors from 'cors';
import express, { type Express, type RequestHandler } from 'express';
import { requireAdminToken } from './auth/admin-token.ts';
import { authenticate } from './auth/authenticate.ts';
import { openIdentity } from './auth/open-identity.ts';
import { longestKeepMs } from './cache/freshness.ts';
import { memoryPartStore } from './cache/memory-part-store.ts';
import { nearPartStore } from './cache/near-part-store.ts';
import type { PartStore } from './cache/part-store.ts';
import { redisPartStore } from './cache/redis-part-store.ts';
import type { EntryCodec } from './cache/stored-entry.ts';
import { withCache } from './cache/with-cache.ts';
import type { Config } from './config/load-config.ts';
import { isAppError } from './errors.ts';
import { accessLog } from './http/access-log.ts';
import { contactRoutes } from './http/contact-routes.ts';
import { docsPages, openApiContent } from './http/docs-page.ts';
import { errorResponse } from './http/error-response.ts';
import { healthz, readyz } from './http/health-routes.ts';
import { requireOneHost } from './http/host-header.ts';
import { invalidations } from './http/invalidations.ts';
import { limitBody } from './http/limit-body.ts';
import { requestScope } from './http/open-scope.ts';
import { revocations } from './http/revocations.ts';
import { routeNotFound, serve } from './http/routing.ts';
import { securityHeaders } from './http/security-headers.ts';
import { openRedis } from './redis/redis-client.ts';
import { RedisLink } from './redis/redis-link.ts';
import { staticAnswer } from './http/static-answer.ts';
import { adminOpenApiDocument } from './openapi/admin-document.ts';
import { openApiBytes, openApiDocument } from './openapi/document.ts';
import { replaceableSecrets } from './replaceable-secrets.ts';
import { setTimer } from './resilience/timers.ts';
import { withResilience } from './resilience/with-resilience.ts';
import { shedLoad } from './http/shed-load.ts';
import { watchEventLoop } from './telemetry/event-loop-lag.ts';
import { shaped } from './shape/shaped.ts';
import { partShaper } from './shape/shape-parts.ts';
import type { Health } from './telemetry/health.ts';
import { describeError, type Log } from './telemetry/log.ts';
import { reported } from './telemetry/reported.ts';
import { seldom } from './telemetry/seldom.ts';
import { fetchContact } from './upstream/fetch-contact.ts';

export interface AppOptions {
  readonly config: Config;
  readonly log: Log;
  readonly health: Health;
}

/** Milliseconds of a monotonic clock. */
const clock = () => performance.now();

/** Both ports' applications, and the way to let go of what they hold. */
export function buildApp({ config, log, health }: AppOptions) {
  const now = Date.now;
  const secrets = replaceableSecrets(config, { log, health });
  const redis = config.redis && new RedisLink({ client: openRedis(config.redis), log, health });
  const store = redis
    ? remoteStore(config, redis, secrets.codec, log)
    : memoryPartStore({ ...config.memoryStore, now });

  const attempt = fetchContact({ ...config.upstream, ...secrets, now: clock });
  const attemptReported = reported(attempt, { log, health, component: secrets.component });
  const fetchRaw = withResilience(attemptReported, {
    ...config.resilience,
    credentialsOf: secrets.credentialsOf,
    log,
    health,
    now: clock,
    random: Math.random,
    setTimer,
  });
  const fetchShaped = shaped(partShaper(config.shape), fetchRaw);
  const readContact = withCache(fetchShaped, {
    store,
    policy: config.cache,
    maxWaitMs: config.resilience.timeoutMs,
    now,
    random: Math.random,
    onRefreshFailure: (error) =>
      log[isAppError(error) ? 'debug' : 'error'](
        { error: describeError(error) },
        'a background refresh failed',
      ),
  });

  const entry = [
    requestScope(),
    securityHeaders(),
    accessLog({ log, hashSubject: secrets.hashSubject }),
    requireOneHost(),
  ];
  const identity = openIdentity({ ...config.auth, link: redis, now, random: Math.random, log, health });
  const caller = authenticate({ verify: identity.verify, cookie: config.auth.cookie });

  const publicApp = application([
    ...entry,
    ...corsFor(config.http.corsOrigins, { credentials: config.auth.cookie !== undefined }),
    limitBody(config.http.maxBodyBytes),
  ]);
  const contacts = contactRoutes({ ...config.http, readContact, scopes: config.scopes, now });
  serve(publicApp, '/healthz', { get: [healthz] });
  serve(publicApp, '/readyz', { get: [readyz(health, { reasons: false })] });
  publicApp.use(shedLoad({ lag: watchEventLoop(clock), maxLagMs: config.http.maxEventLoopLagMs, log }));
  serve(publicApp, '/contacts', { get: [caller, contacts.listContacts] });
  serve(publicApp, '/contacts/:id', { get: [caller, contacts.getContact] });
  for (const { part, getPart } of contacts.parts)
    serve(publicApp, `/contacts/:id/${part}`, { get: [caller, getPart] });
  const openApi = openApiBytes(openApiDocument({ ...config.http, scopes: config.scopes }));
  for (const [path, content] of docsPages(openApi)) serve(publicApp, path, { get: [staticAnswer(content)] });
  publicApp.use(routeNotFound, errorResponse(log));

  const adminApp = application(entry);
  const operator = requireAdminToken(secrets.adminToken);
  const json = express.json({ limit: config.http.maxBodyBytes });
  serve(adminApp, '/healthz', { get: [healthz] });
  serve(adminApp, '/readyz', { get: [readyz(health, { reasons: true })] });
  serve(adminApp, '/invalidations', {
    post: [operator, json, invalidations((org, contact) => store.invalidate(org, contact))],
  });
  serve(adminApp, '/revocations', { post: [operator, json, revocations({ revoke: identity.revoke, now })] });
  const adminOpenApi = openApiContent(openApiBytes(adminOpenApiDocument()));
  serve(adminApp, '/openapi.json', { get: [operator, staticAnswer(adminOpenApi)] });
  adminApp.use(operator, routeNotFound);
  adminApp.use(errorResponse(log));

  return {
    publicApp,
    adminApp,
    connect: async () => {
      await redis?.connect();
      await identity.connect();
    },
    takeSecrets: (next: Config) => {
      secrets.replace(next);
      identity.replaceIssuers(next.auth.issuers);
    },
    close: async () => {
      await Promise.all([secrets.transport.close(), identity.close()]);
      redis?.close();
    },
  };
}

/** How often a line is repeated that every request could bring about. */
const REPEAT_MS = 10_000;

function remoteStore({ redisStore, cache }: Config, link: RedisLink, codec: EntryCodec, log: Log): PartStore {
  const limit = { everyMs: REPEAT_MS, now: clock };
  const remote = redisPartStore({
    link,
    codec,
    longestMs: longestKeepMs(cache),
    onUndecodable: seldom(
      (times) => log.warn({ times }, 'an entry in Redis cannot be read, and counts as missing'),
      limit,
    ),
  });
  return nearPartStore({
    remote,
    maxBytes: redisStore.nearMaxBytes,
    ttlMs: redisStore.nearTtlMs,
    now: clock,
    onUnsafeInvalidation: seldom(
      (times) =>
        log.warn(
          { times },
          'no replica has confirmed an invalidation: a failover of Redis right now could undo it',
        ),
      limit,
    ),
  });
}

function application(steps: readonly RequestHandler[]): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').set('query parser', 'simple');
  app.use(...steps);
  return app;
}

function corsFor(origins: readonly string[], cookies: { readonly credentials: boolean }): RequestHandler[] {
  if (origins.length === 0) return [];
  const exposedHeaders = ['ETag', 'Age', 'Cache-Status', 'X-Request-Id', 'Retry-After', 'WWW-Authenticate'];
  return [cors({ ...cookies, origin: [...origins], methods: ['GET', 'HEAD'], exposedHeaders, maxAge: 600 })];
}
