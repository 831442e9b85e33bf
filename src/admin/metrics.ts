import type { RequestHandler } from 'express';
import { respond } from '../http/respond.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** `GET /metrics`: the metrics in Prometheus's text format. */
export function scrape(metrics: Pick<Metrics, 'render'>): RequestHandler {
  return async function sendMetrics(_req, res) {
    const { contentType, text } = await metrics.render();
    respond(res, 200, ['Cache-Control', 'no-store', 'Content-Type', contentType], Buffer.from(text));
  };
}
