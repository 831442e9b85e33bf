import { performance } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import type { Caller } from '../../contact/read-contact.ts';
import { contextOf, type RequestContext } from '../request-context.ts';
import { lineWriter, type Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { currentTrace } from '../../telemetry/tracing.ts';

/** nginx's status for a client that closed the connection before the response was sent. Never sent itself. */
const CLIENT_CLOSED_REQUEST = 499;

interface Outcome {
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
  readonly traceId: string | undefined;
  readonly subject: string | undefined;
}

export interface AccessLogOptions {
  readonly log: Log;
  readonly hashSubject: (caller: Caller) => string;
  readonly metrics: Pick<Metrics, 'request' | 'tokenRefused'>;
}

/** Logs and counts each request. Logs the route's pattern instead of the path, which may hold private data. */
export function accessLog({ log, hashSubject, metrics }: AccessLogOptions): RequestHandler {
  const write = lineWriter(log, 'info', 'request');
  return function logAccess(req, res, next) {
    const context = contextOf(req);
    const traceId = currentTrace()?.traceId;
    res.on('close', () => {
      const { caller, errorCode } = context;
      const status = res.writableFinished ? res.statusCode : CLIENT_CLOSED_REQUEST;
      const durationMs = performance.now() - context.startedAt;
      metrics.request(context.route, req.method, status, durationMs / 1000);
      if (errorCode !== undefined && (status === 401 || status === 403)) metrics.tokenRefused(errorCode);
      const subject = caller && hashSubject(caller);
      write?.(fieldsOf(context, { method: req.method, status, durationMs, traceId, subject }));
    });
    next();
  };
}

/**
 * Returns the members of the log line as JSON. perf: concatenates strings: 0.1 µs for a line instead of 1.9 µs, 5 %
 * of a near-cache hit.
 * Client input is escaped, or has a closed alphabet (request and trace ids, methods that Node's parser knows).
 */
function fieldsOf(context: RequestContext, outcome: Outcome): string {
  const { requestId, route, cache, errorCode, errorReason } = context;
  const { method, status, durationMs, traceId, subject } = outcome;
  let fields = `"requestId":"${requestId}"`;
  if (traceId !== undefined) fields += `,"traceId":"${traceId}"`;
  fields += `,"method":"${method}","route":"${route}","status":${status}`;
  fields += `,"durationMs":${durationMs.toFixed(2)}`;
  if (cache) fields += `,"cache":"${cache.result}"`;
  if (errorCode !== undefined) fields += `,"code":${JSON.stringify(errorCode)}`;
  if (errorReason !== undefined) fields += `,"reason":${JSON.stringify(errorReason)}`;
  if (subject !== undefined) fields += `,"subject":"${subject}"`;
  return fields;
}
