import type { RequestHandler } from 'express';
import type { Health } from '../telemetry/health.ts';
import { respondJson } from './respond.ts';

/** Liveness: always 200. It checks no dependency, because an outage of one must not restart the process. */
export const healthz: RequestHandler = (_req, res) => {
  respondJson(res, 200, { status: 'ok' });
};

/** Readiness: 503 while starting or draining. Only the admin port includes the reasons for a degraded state. */
export function readyz(health: Health, options: { readonly reasons: boolean }): RequestHandler {
  return function respondWithReadiness(_req, res) {
    const { status, reasons } = health.report();
    respondJson(res, health.ready ? 200 : 503, options.reasons ? { status, reasons } : { status });
  };
}
