import type { RequestHandler } from 'express';
import type { Health } from '../telemetry/health.ts';

/** Liveness: always 200. It checks no dependency, because an outage of one must not restart the process. */
export const healthz: RequestHandler = (_req, res) => {
  res.setHeader('Cache-Control', 'no-store').json({ status: 'ok' });
};

/** Readiness: 503 while starting or draining. Only the admin port includes the reasons for a degraded state. */
export function readyz(health: Health, options: { readonly reasons: boolean }): RequestHandler {
  return function respondWithReadiness(_req, res) {
    const { status, reasons } = health.report();
    res.status(health.ready ? 200 : 503).setHeader('Cache-Control', 'no-store');
    res.json(options.reasons ? { status, reasons } : { status });
  };
}
