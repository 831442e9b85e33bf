import type { RequestHandler, Router } from 'express';
import type { RevocationBody } from './revocations.ts';
import { openApiContent } from '../http/docs-page.ts';
import { healthz, readyz } from '../http/health-routes.ts';
import { receiveBody } from '../http/middleware/body.ts';
import { defineRoute, routeNotFound } from '../http/routing.ts';
import { staticResponse } from '../http/static-response.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Status } from '../telemetry/status.ts';
import { dashboard, dashboardFiles, dashboardRefusal, sendStatus } from './dashboard.ts';
import { invalidations } from './invalidations.ts';
import { scrape } from './metrics.ts';
import { revocations } from './revocations.ts';

export interface AdminOptions {
  /** Requires the operators' token. */
  readonly operator: RequestHandler;
  readonly health: Health;
  readonly metrics: Pick<Metrics, 'render'>;
  readonly readStatus: () => Promise<Status>;
  readonly invalidate: (org: string, contact: string) => Promise<void>;
  readonly revoke: (request: RevocationBody) => Promise<void>;
  /** The OpenAPI document of this port. */
  readonly openApi: Buffer;
  readonly maxBodyBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Defines the routes of the admin port. Health checks and the dashboard's assets require no token, and neither do
 * the errors for an unknown path and for a method that a path does not support.
 */
export function mountAdmin(router: Router, options: AdminOptions): void {
  const { operator, health, revoke, now } = options;
  const received = receiveBody(options.maxBodyBytes);
  const openApi = staticResponse(openApiContent(options.openApi));
  defineRoute(router, '/healthz', { get: [healthz] });
  defineRoute(router, '/readyz', { get: [readyz(health, { reasons: true })] });
  defineRoute(router, '/', { get: [operator, dashboard] });
  for (const [path, content] of dashboardFiles())
    defineRoute(router, path, { get: [staticResponse(content)] });
  defineRoute(router, '/status', { get: [operator, sendStatus(options.readStatus)] });
  defineRoute(router, '/metrics', { get: [operator, scrape(options.metrics)] });
  defineRoute(router, '/invalidations', { post: [operator, received, invalidations(options.invalidate)] });
  defineRoute(router, '/revocations', { post: [operator, received, revocations({ revoke, now })] });
  defineRoute(router, '/openapi.json', { get: [operator, openApi] });
  router.use(routeNotFound).use(dashboardRefusal);
}
