import type { RequestHandler } from 'express';
import { contextOf } from '../request-context.ts';
import { parseTraceparent } from '../../telemetry/trace-context.ts';
import { startSpan } from '../../telemetry/tracing.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']);

/**
 * Continues the caller's trace (W3C `traceparent`), and creates a span for the request if tracing is on. The
 * span follows OpenTelemetry's semantic conventions, without attributes that could identify a person: path,
 * query, addresses.
 */
export function traceRequest(): RequestHandler {
  return function traceThisRequest(req, res, next) {
    const context = contextOf(req);
    const method = METHODS.has(req.method) ? req.method : '_OTHER';
    const attributes = { 'http.request.method': method, 'url.scheme': 'http' };
    const parent = parseTraceparent(req.headers['traceparent']);
    const span = startSpan({ name: method, kind: 'server', attributes }, parent, next);
    if (!span) return;
    res.on('close', () => {
      span.rename(`${method === '_OTHER' ? 'HTTP' : method} ${context.route}`);
      span.set({ 'http.route': context.route });
      if (res.headersSent) span.set({ 'http.response.status_code': res.statusCode });
      if (!res.writableFinished) span.fail('CLIENT_GONE');
      else if (res.statusCode >= 500) span.fail(context.errorCode ?? String(res.statusCode));
      span.end();
    });
  };
}
