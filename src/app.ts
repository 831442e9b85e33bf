import { mountAdmin } from './admin/routes.ts';
import { createApplication, createRouter, type Application } from './http/application.ts';
import { docsPages } from './http/docs-page.ts';
import { entryMiddleware } from './http/entry-middleware.ts';
import { errorResponse } from './http/error-response.ts';
import { healthz, readyz } from './http/health-routes.ts';
import { rejectWebPages } from './http/middleware/admin-origin.ts';
import { requireAdminToken } from './http/middleware/admin-token.ts';
import { authenticate } from './http/middleware/authenticate.ts';
import { bodyLimit, discardBody, limitBody, receiveBody } from './http/middleware/body.ts';
import { allowOrigins } from './http/middleware/cors.ts';
import { throttleFailedAuthentication } from './http/middleware/failed-authentication.ts';
import { shedLoad } from './http/middleware/load-shedding.ts';
import { rateLimitCallers } from './http/middleware/rate-limit.ts';
import { defineRoute, routeNotFound } from './http/routing.ts';
import { staticResponse } from './http/static-response.ts';
import { adminOpenApiDocument } from './openapi/admin-document.ts';
import { openApiBytes, openApiDocument } from './openapi/document.ts';
import { OPERATIONS } from './operations/index.ts';
import {
  bodyTaker,
  corsNeedsOf,
  costOf,
  isWrite,
  markWrites,
  mountOperations,
  operationsOn,
} from './operations/mount.ts';
import { createOperationServices } from './operation-services.ts';
import { monotonicNow, now, type ServiceOptions, type Services } from './services.ts';

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
      ...(operation.body ? [receiveBody(http.maxWriteBodyBytes)] : []),
    ],
    response: { compressFromBytes: http.compressFromBytes, clientMaxAgeS: http.clientMaxAgeS, monotonicNow },
    services,
  });
  defineRoute(router, '/healthz', { get: [healthz] });
  defineRoute(router, '/readyz', { get: [readyz(health, { reasons: false })] });
  for (const [path, content] of docsPages(openApiBytes(openApiDocument(settings))))
    defineRoute(router, path, { get: [staticResponse(content)] });
  router.use(routeNotFound);
  const takesBody = bodyTaker(operations);
  const bodyLimitOf = bodyLimit(http, takesBody);
  const entry = [
    ...entryMiddleware({ log, metrics, hashSubject: own.secrets.hashSubject }),
    ...allowOrigins(http.corsOrigins, { credentials: auth.cookie !== undefined, ...corsNeedsOf(operations) }),
    markWrites(operations),
    limitBody(bodyLimitOf),
    discardBody(http, takesBody),
    fastPath,
  ];
  const onError = errorResponse(log, { showRefusals: config.development });
  return createApplication({ entry, router, onError, bodyLimitOf });
}

/** Builds the application of the admin port. */
export function adminApp(options: ServiceOptions, services: Services): Application {
  const { config, log, health, metrics } = options;
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
  const bodyLimitOf = () => config.http.maxBodyBytes;
  const entry = [
    ...entryMiddleware({ log, metrics, hashSubject: secrets.hashSubject }),
    rejectWebPages(secrets.adminToken),
    limitBody(bodyLimitOf),
    discardBody(config.http, ({ method }) => method === 'POST'),
  ];
  return createApplication({ entry, router, onError: errorResponse(log), bodyLimitOf });
}
