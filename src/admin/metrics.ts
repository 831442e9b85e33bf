import type { RequestHandler } from 'express';
import type { Metrics } from '../telemetry/metrics.ts';

/** `GET /metrics`: the metrics in Prometheus's text format. */
export function scrape(metrics: Pick<Metrics, 'render'>): RequestHandler {
  return async function sendMetrics(_req, res) {
    const { contentType, text } = await metrics.render();
    res.setHeader('Cache-Control', 'no-store').setHeader('Content-Type', contentType).end(text);
  };
}
