import type { RequestHandler } from 'express';
import type { Health } from '../telemetry/health.ts';

/** Liveness: the process answers. Nothing else may fail it, or a fault elsewhere would restart everything. */
export const healthz: RequestHandler = (_req, res) => {
  res.setHeader('Cache-Control', 'no-store').json({ status: 'ok' });
};

/** Readiness: 503 while starting and draining. Why it is degraded is told on the admin port alone. */
export function readyz(health: Health, options: { readonly reasons: boolean }): RequestHandler {
  return function answerReadiness(_req, res) {
    const { status, reasons } = health.report();
    res.status(health.ready ? 200 : 503).setHeader('Cache-Control', 'no-store');
    res.json(options.reasons ? { status, reasons } : { status });
  };
}
