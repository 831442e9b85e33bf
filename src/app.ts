import type { RequestHandler } from 'express';
import { mountAdmin } from './admin/routes.ts';
import { createApplication, createRouter, type Application } from './http/application.ts';
import { docsPages } from './http/docs-page.ts';
import { errorResponse } from './http/error-response.ts';
import { healthz, readyz } from './http/health-routes.ts';
import { accessLog } from './http/middleware/access-log.ts';
import { rejectWebPages } from './http/middleware/admin-origin.ts';
import { requireAdminToken } from './http/middleware/admin-token.ts';
import { authenticate } from './http/middleware/authenticate.ts';
import { limitBody, receiveBody } from './http/middleware/body.ts';
import { requestContext } from './http/middleware/context.ts';
import { allowOrigins } from './http/middleware/cors.ts';
import { throttleFailedAuthentication } from './http/middleware/failed-authentication.ts';
import { requireOneHost } from './http/middleware/host.ts';
import { shedLoad } from './http/middleware/load-shedding.ts';
import { checkProtocol } from './http/middleware/protocol.ts';
import { rateLimitCallers } from './http/middleware/rate-limit.ts';
import { traceRequest } from './http/middleware/trace.ts';
import { defineRoute, routeNotFound } from './http/routing.ts';
import { staticResponse } from './http/static-response.ts';
import { adminOpenApiDocument } from './openapi/admin-document.ts';
import { openApiBytes, openApiDocument } from './openapi/document.ts';
import { OPERATIONS } from './operations/index.ts';
import { bodyTaker, costOf, isWrite, methodsOf, mountOperations, operationsOn } from './operations/mount.ts';
import { createOperationServices } from './operation-services.ts';
import { monotonicNow, now, type ServiceOptions, type Services } from './services.ts';

/** Returns the middleware that both ports begin with. */
function entryMiddleware({ log, metrics }: ServiceOptions, { secrets }: Services): RequestHandler[] {
  const { hashSubject } = secrets;
  return [
    requestContext(),
    traceRequest(),
    accessLog({ log, metrics, hashSubject }),
    checkProtocol(),
    requireOneHost(),
  ];
}

/** Builds the application of the public port. */
export function publicApp(options: ServiceOptions, own: Services): Application {
  const { config, log, health, metrics } = options;
  const { http, limits, auth } = config;
  const { rateLimitStore, identity } = own;
  const services = createOperationServices(options, own);
  const { settings } = services;
  const shed = shedLoad({ lag: own.lag, maxLagMs: http.maxEventLoopLagMs, log });
  const caller = throttleFailedAuthentication(
    authenticate({ verify: identity.verify, cookie: auth.cookie }),
    { tier: limits.failedAuthentication, rateLimitStore },
  );
  const limit = rateLimitCallers({ tiers: limits.tiers, rateLimitStore, metrics });
  const router = createRouter(config.trustProxy);
  const operations = operationsOn(OPERATIONS, settings);
  const fastPath = mountOperations(router, operations, {
    before: (operation) => [
      shed,
      caller,
      limit({ costOf: costOf(operation, settings), isWrite: isWrite(operation) }),
      ...(operation.body ? [receiveBody(http)] : []),
    ],
    response: { compressFromBytes: http.compressFromBytes, clientMaxAgeS: http.clientMaxAgeS, monotonicNow },
    services,
  });
  defineRoute(router, '/healthz', { get: [healthz] });
  defineRoute(router, '/readyz', { get: [readyz(health, { reasons: false })] });
  for (const [path, content] of docsPages(openApiBytes(openApiDocument(settings))))
    defineRoute(router, path, { get: [staticResponse(content)] });
  router.use(routeNotFound);
  const cors = { credentials: auth.cookie !== undefined, methods: methodsOf(operations) };
  const entry = [
    ...entryMiddleware(options, own),
    ...allowOrigins(http.corsOrigins, cors),
    limitBody(http, bodyTaker(operations)),
    fastPath,
  ];
  return createApplication(entry, router, errorResponse(log, { showRefusals: config.development }));
}

/** Builds the application of the admin port. */
export function adminApp(options: ServiceOptions, services: Services): Application {
  const { config, log, health } = options;
  const { secrets, metricsOfAll, readStatus, invalidate, revoke } = services;
  const router = createRouter(config.trustProxy);
  mountAdmin(router, {
    operator: requireAdminToken(secrets.adminToken),
    health,
    metrics: metricsOfAll,
    readStatus,
    invalidate,
    revoke,
    openApi: openApiBytes(adminOpenApiDocument()),
    maxBodyBytes: config.http.maxBodyBytes,
    now,
  });
  const entry = [...entryMiddleware(options, services), rejectWebPages(secrets.adminToken)];
  return createApplication(entry, router, errorResponse(log));
}
