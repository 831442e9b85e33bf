import cors from 'cors';
import express, { type Express, type RequestHandler } from 'express';
import { requireAdminToken } from './auth/admin-token.ts';
import { authenticate } from './auth/authenticate.ts';
import { tokenVerifier } from './auth/verify-token.ts';
import { memoryPartStore } from './cache/memory-part-store.ts';
import { withCache } from './cache/with-cache.ts';
import type { Config } from './config/load-config.ts';
import { accessLog } from './http/access-log.ts';
import { contactRoutes } from './http/contact-routes.ts';
import { errorResponse } from './http/error-response.ts';
import { healthz, readyz } from './http/health-routes.ts';
import { requireOneHost } from './http/host-header.ts';
import { invalidations } from './http/invalidations.ts';
import { limitBody } from './http/limit-body.ts';
import { requestScope } from './http/open-scope.ts';
import { routeNotFound, serve } from './http/routing.ts';
import { securityHeaders } from './http/security-headers.ts';
import { shaped } from './shape/shaped.ts';
import { partShaper } from './shape/shape-parts.ts';
import type { Health } from './telemetry/health.ts';
import { describeError, subjectHasher, type Log } from './telemetry/log.ts';
import { reported } from './telemetry/reported.ts';
import { credentialSource } from './upstream/credentials.ts';
import { fetchContact } from './upstream/fetch-contact.ts';
import { openTransport } from './upstream/transport.ts';

export interface AppOptions {
  readonly config: Config;
  readonly log: Log;
  readonly health: Health;
}

/** Both ports' applications, and the way to let go of what they hold. */
export function buildApp({ config, log, health }: AppOptions) {
  const now = Date.now;
  const credentials = credentialSource(config.upstream.credentials);
  const transport = openTransport(config.upstream);
  const store = memoryPartStore({ ...config.memoryStore, now });

  const fetchRaw = fetchContact({ ...config.upstream, transport, credentialsOf: credentials.of });
  const fetchReported = reported(fetchRaw, { log, health, component: credentials.component });
  const fetchShaped = shaped(partShaper(config.shape), fetchReported);
  const readContact = withCache(fetchShaped, {
    store,
    policy: config.cache,
    now,
    random: Math.random,
    onRefreshFailure: (error) => log.debug({ error: describeError(error) }, 'a background refresh failed'),
  });

  const hashSubject = subjectHasher(config.log.hashKey);
  const entry = [requestScope(), securityHeaders(), accessLog({ log, hashSubject }), requireOneHost()];
  const caller = authenticate(tokenVerifier({ ...config.auth, now }));

  const publicApp = application([
    ...entry,
    ...corsFor(config.http.corsOrigins),
    limitBody(config.http.maxBodyBytes),
  ]);
  const contacts = contactRoutes({ ...config.http, readContact, scopes: config.scopes, now });
  serve(publicApp, '/healthz', { get: [healthz] });
  serve(publicApp, '/readyz', { get: [readyz(health, { reasons: false })] });
  serve(publicApp, '/contacts', { get: [caller, contacts.listContacts] });
  serve(publicApp, '/contacts/:id', { get: [caller, contacts.getContact] });
  for (const { part, getPart } of contacts.parts)
    serve(publicApp, `/contacts/:id/${part}`, { get: [caller, getPart] });
  publicApp.use(routeNotFound, errorResponse(log));

  const adminApp = application(entry);
  const operator = requireAdminToken(config.admin.token);
  const json = express.json({ limit: config.http.maxBodyBytes });
  serve(adminApp, '/healthz', { get: [healthz] });
  serve(adminApp, '/readyz', { get: [readyz(health, { reasons: true })] });
  serve(adminApp, '/invalidations', {
    post: [operator, json, invalidations((org, contact) => store.invalidate(org, contact))],
  });
  adminApp.use(operator, routeNotFound);
  adminApp.use(errorResponse(log));

  return { publicApp, adminApp, close: () => transport.close() };
}

function application(steps: readonly RequestHandler[]): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').set('query parser', 'simple');
  app.use(...steps);
  return app;
}

function corsFor(origins: readonly string[]): RequestHandler[] {
  if (origins.length === 0) return [];
  const exposedHeaders = ['ETag', 'Age', 'Cache-Status', 'X-Request-Id', 'Retry-After', 'WWW-Authenticate'];
  return [cors({ origin: [...origins], methods: ['GET', 'HEAD'], exposedHeaders, maxAge: 600 })];
}
